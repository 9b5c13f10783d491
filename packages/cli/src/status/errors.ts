import type { LoggedError } from '@registry-cache/control';
import { formatTable, type Column } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { formatAgo } from '../terminal/time-spans.ts';

const SHOWN = 5;
const INDENT = 2;

const COLUMNS: readonly Column[] = [
  { title: 'WHEN', align: 'left' },
  { title: 'LEVEL', align: 'left' },
  { title: 'PROCESS', align: 'left' },
  { title: 'MESSAGE', align: 'left' },
];

/** The latest few, the newest first. */
export function formatErrors(errors: readonly LoggedError[], terminal: Terminal, nowMs: number): string[] {
  if (errors.length === 0) return [];
  const rows = errors
    .slice(-SHOWN)
    .toReversed()
    .map(({ atMs, level, process, message, reason }) => [
      formatAgo(atMs, nowMs),
      terminal.style(level === 'warn' ? 'yellow' : 'red', level),
      process,
      reason === undefined ? message : `${message}: ${reason}`,
    ]);
  const [title = '', ...lines] = formatTable(COLUMNS, rows, terminal.columns - INDENT);
  return [terminal.style('dim', title), ...lines];
}

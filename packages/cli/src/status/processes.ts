import type { ProcessStatus } from '@registry-cache/control';
import { formatBytes, formatCount } from '../terminal/quantities.ts';
import { formatTable, type Column } from '../terminal/table.ts';
import type { Style, Terminal } from '../terminal/terminal.ts';
import { findSpan } from '../terminal/time-spans.ts';

const COLUMNS: readonly Column[] = [
  { title: 'NAME', align: 'left' },
  { title: 'STATE', align: 'left' },
  { title: 'PID', align: 'right' },
  { title: 'FOR', align: 'left' },
  { title: 'RESTARTS', align: 'right' },
  { title: 'MEMORY', align: 'right' },
];

const STATE_STYLES: Readonly<Record<ProcessStatus['state'], Style>> = {
  serving: 'green',
  starting: 'yellow',
  asleep: 'dim',
  ended: 'red',
};

/** Those that run or should; of those that sleep, how many there are. */
export function formatProcesses(
  processes: readonly ProcessStatus[],
  terminal: Terminal,
  nowMs: number,
): string[] {
  const awake = processes.filter(({ state }) => state !== 'asleep');
  const asleep = processes.length - awake.length;
  const [title = '', ...lines] = formatTable(
    COLUMNS,
    awake.map((process) => cellsOf(process, terminal, nowMs)),
  );
  return [
    terminal.style('dim', title),
    ...lines,
    ...(asleep === 0 ? [] : [terminal.style('dim', `${formatCount(asleep, 'worker')} asleep, until needed`)]),
  ];
}

function cellsOf(process: ProcessStatus, terminal: Terminal, nowMs: number): string[] {
  const { id, state, pid, startedAtMs, restarts, residentBytes } = process;
  return [
    id,
    terminal.style(STATE_STYLES[state], state),
    pid === undefined ? '-' : String(pid),
    startedAtMs === undefined ? '-' : (findSpan(nowMs - startedAtMs) ?? 'a moment'),
    restarts === 0 ? '0' : terminal.style('yellow', String(restarts)),
    residentBytes === undefined ? '-' : formatBytes(residentBytes),
  ];
}

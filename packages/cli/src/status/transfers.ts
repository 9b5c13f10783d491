import type { RunningFill, WarmJobStatus } from '@registry-cache/control';
import { formatBar } from '../terminal/bar.ts';
import { shortDigest } from '../terminal/digests.ts';
import { formatBytes, formatCount } from '../terminal/quantities.ts';
import { formatTable, type Column } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { formatAhead } from '../terminal/time-spans.ts';

const BAR_WIDTH = 20;
const INDENT = 2;

const FILL_COLUMNS: readonly Column[] = [
  { title: 'REPOSITORY', align: 'left', shrinks: true },
  { title: 'BLOB', align: 'left' },
  { title: 'PROGRESS', align: 'left' },
  { title: 'RATE', align: 'right' },
  { title: 'CLIENTS', align: 'right' },
];

const WARM_COLUMNS: readonly Column[] = [
  { title: 'IMAGE', align: 'left', shrinks: true },
  { title: 'STATE', align: 'left' },
  { title: 'PROGRESS', align: 'left' },
  { title: 'NEXT', align: 'left' },
];

/** What upstreams are sending. */
export function formatFills(fills: readonly RunningFill[], terminal: Terminal, nowMs: number): string[] {
  if (fills.length === 0) return [];
  const rows = fills.map((fill) => [
    `${fill.upstream}/${fill.repository}`,
    terminal.isInteractive ? shortDigest(fill.digest) : fill.digest,
    formatProgress(fill.receivedBytes, fill.sizeBytes, terminal),
    `${formatBytes(Math.round((fill.receivedBytes * 1000) / Math.max(1, nowMs - fill.startedAtMs)))}/s`,
    String(fill.readers),
  ]);
  return tableOf(FILL_COLUMNS, rows, terminal);
}

/** What is warmed or waits for its turn; of what is done only when it comes again. */
export function formatWarming(jobs: readonly WarmJobStatus[], terminal: Terminal, nowMs: number): string[] {
  const current = jobs.filter(({ state }) => state !== 'done');
  const next = jobs.flatMap(({ state, nextAtMs }) =>
    state === 'done' && nextAtMs !== undefined ? [nextAtMs] : [],
  );
  const done = jobs.length - current.length;
  const rows = current.map((job) => [
    job.image,
    job.state === 'failed' ? terminal.style('red', 'failed') : job.state,
    job.state === 'running' ? formatProgress(job.bytesDone, job.bytesTotal, terminal) : (job.problem ?? ''),
    job.nextAtMs === undefined ? '' : formatAhead(job.nextAtMs, nowMs),
  ]);
  return [
    ...(rows.length === 0 ? [] : tableOf(WARM_COLUMNS, rows, terminal)),
    ...(done === 0
      ? []
      : [
          `${formatCount(done, 'image')} warm${next.length === 0 ? '' : `; looked at again ${formatAhead(Math.min(...next), nowMs)}`}`,
        ]),
  ];
}

function formatProgress(done: number, total: number | undefined, terminal: Terminal): string {
  if (total === undefined || total === 0) return formatBytes(done);
  const share = Math.min(1, done / total);
  const bar = terminal.isInteractive ? `${formatBar(share, BAR_WIDTH, 'cyan', terminal)} ` : '';
  const percent = String(Math.floor(share * 100)).padStart(terminal.isInteractive ? 3 : 0);
  return `${bar}${percent} %  ${formatBytes(done)} of ${formatBytes(total)}`;
}

function tableOf(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  terminal: Terminal,
): string[] {
  const [title = '', ...lines] = formatTable(columns, rows, terminal.columns - INDENT);
  return [terminal.style('dim', title), ...lines];
}

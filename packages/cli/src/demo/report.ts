import { formatBytes, formatDuration } from '../terminal/quantities.ts';
import { formatTable, type Column } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { PullStep } from './pull.ts';
import type { Traffic } from './upstream.ts';

export interface PullReport {
  readonly steps: readonly PullStep[];
  /** What the upstream saw of this pull. */
  readonly upstream: Traffic;
}

const COLUMNS: readonly Column[] = [
  { title: 'request', align: 'left' },
  { title: 'cache', align: 'left' },
  { title: 'size', align: 'right' },
  { title: 'time', align: 'right' },
];

/** One line per request, their total, and what it cost the upstream. */
export function formatPull({ steps, upstream }: PullReport, terminal: Terminal): string[] {
  const sum = (of: (step: PullStep) => number): number => steps.reduce((total, step) => total + of(step), 0);
  const rows = steps.map(({ what, cache, bytes, durationMs }) => [
    what,
    terminal.style(cache === 'hit' ? 'green' : 'yellow', cache),
    formatBytes(bytes),
    formatDuration(durationMs),
  ]);
  const total = [
    'total',
    '',
    formatBytes(sum((step) => step.bytes)),
    formatDuration(sum((step) => step.durationMs)),
  ];
  return [
    ...formatTable(COLUMNS, [
      ...rows,
      total.map((cell) => (cell === '' ? cell : terminal.style('bold', cell))),
    ]),
    `the upstream saw ${formatTraffic(upstream)}`,
  ];
}

export function trafficBetween(before: Traffic, after: Traffic): Traffic {
  return { requests: after.requests - before.requests, bodyBytes: after.bodyBytes - before.bodyBytes };
}

function formatTraffic({ requests, bodyBytes }: Traffic): string {
  if (requests === 0) return 'nothing of it';
  return `${requests} ${requests === 1 ? 'request' : 'requests'} and sent ${formatBytes(bodyBytes)}`;
}

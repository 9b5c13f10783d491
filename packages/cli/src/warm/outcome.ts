import type { WarmEvent } from '@registry-cache/control';
import { formatBytes, formatDuration } from '../terminal/quantities.ts';
import type { Terminal } from '../terminal/terminal.ts';

type Outcome = Extract<WarmEvent, { readonly type: 'done' | 'failed' }>;

/** `done     quay.io/org/app:1.0  12.0 MiB in 1.3 s, 4.0 MiB of it fetched` */
export function formatOutcome(event: Outcome, terminal: Terminal): string {
  if (event.type === 'failed') return `${terminal.style('red', 'failed')}   ${event.image}: ${event.problem}`;
  const { image, bytesTotal, bytesFetched, durationMs } = event;
  return `${terminal.style('green', 'done')}     ${image}  ${formatBytes(bytesTotal)} in ${formatDuration(durationMs)}, ${formatFetched(bytesFetched, bytesTotal)}`;
}

/** What upstreams had to send of all. */
export function formatFetched(bytesFetched: number, bytesTotal: number): string {
  if (bytesFetched === 0) return 'all of it was there';
  return bytesFetched >= bytesTotal ? 'all of it fetched' : `${formatBytes(bytesFetched)} of it fetched`;
}

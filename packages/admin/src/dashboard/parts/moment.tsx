import type { JSX } from 'preact';
import { formatAge, formatMoment } from '../quantities.ts';

/** `3 h ago`, with the moment itself for those who point at it. */
export function Moment({
  atMs,
  nowMs,
}: {
  readonly atMs: number | undefined;
  readonly nowMs: number;
}): JSX.Element {
  if (atMs === undefined) return <span class="muted">never</span>;
  return (
    <time dateTime={new Date(atMs).toISOString()} title={formatMoment(atMs)}>
      {formatAge(atMs, nowMs)}
    </time>
  );
}

import type { JSX } from 'preact';
import { formatBytes } from '../quantities.ts';

export interface ProgressRowProps {
  readonly name: string;
  /** What stands behind the name. */
  readonly detail: string;
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
  /** What stands below the bar, besides the bytes. */
  readonly notes: readonly string[];
}

/** Something that is being fetched, and how far it is. */
export function ProgressRow({ name, detail, doneBytes, totalBytes, notes }: ProgressRowProps): JSX.Element {
  const bytes =
    totalBytes === undefined
      ? formatBytes(doneBytes)
      : `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`;
  const known = totalBytes === undefined || totalBytes === 0 ? {} : { max: totalBytes, value: doneBytes };
  return (
    <li class="progress-row">
      <p class="progress-name">
        <span class="name">{name}</span> <span class="muted mono">{detail}</span>
      </p>
      <progress aria-label={`${name} ${detail}`} {...known} />
      <p class="note">{[bytes, ...notes].join(' · ')}</p>
    </li>
  );
}

import type { LoggedError } from '@registry-cache/control';
import type { JSX } from 'preact';
import { Moment } from './moment.tsx';

export interface LoggedErrorsProps {
  /** The latest last. */
  readonly errors: readonly LoggedError[];
  readonly nowMs: number;
}

const SHOWN = 6;

/** What went wrong lately, the latest first. */
export function LoggedErrors({ errors, nowMs }: LoggedErrorsProps): JSX.Element {
  if (errors.length === 0) return <p class="empty">Nothing has gone wrong lately.</p>;
  return (
    <ul class="rows">
      {errors
        .slice(-SHOWN)
        .toReversed()
        .map((error) => (
          <li key={`${error.atMs} ${error.process} ${error.message}`} class="logged-error">
            <span class={`dot ${error.level === 'warn' ? 'warn' : 'bad'}`} />
            <div>
              <p>
                {error.message} <span class="muted">{error.process}</span>
              </p>
              {error.reason !== undefined && <p class="note">{error.reason}</p>}
            </div>
            <span class="muted when">
              <Moment atMs={error.atMs} nowMs={nowMs} />
            </span>
          </li>
        ))}
    </ul>
  );
}

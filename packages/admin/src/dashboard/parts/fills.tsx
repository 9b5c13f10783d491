import type { RunningFill, Status, WarmJobStatus } from '@registry-cache/control';
import type { JSX } from 'preact';
import { formatAge, formatBytes, formatCounted, formatDuration, shortenDigest } from '../quantities.ts';
import type { WarmOutcome } from '../warm-outcomes.ts';
import { ProgressRow } from './progress-row.tsx';

export interface FillsProps {
  readonly status: Status;
  readonly outcomes: readonly WarmOutcome[];
  readonly nowMs: number;
}

const MAX_SCHEDULED = 5;

/** What is being fetched now, and what was warmed last. */
export function Fills({ status: { fills, warming }, outcomes, nowMs }: FillsProps): JSX.Element {
  const running = warming.filter(({ state }) => state === 'running');
  const scheduled = warming.filter(({ state }) => state !== 'running').slice(0, MAX_SCHEDULED);
  const said =
    fills.length === 0 ? 'nothing is being fetched' : `${formatCounted(fills.length, 'fill')} running`;
  return (
    <div class="fills" data-said={said}>
      {fills.length === 0 && running.length === 0 && (
        <p class="empty">
          Nothing is being fetched. What clients ask for and is not here yet appears as it comes.
        </p>
      )}
      <RunningRows fills={fills} running={running} nowMs={nowMs} />
      {(outcomes.length > 0 || scheduled.length > 0) && (
        <ul class="rows small">
          {outcomes.map((outcome) => (
            <Outcome key={outcome.image} outcome={outcome} nowMs={nowMs} />
          ))}
          {scheduled.map((job) => (
            <Scheduled key={job.image} job={job} nowMs={nowMs} />
          ))}
        </ul>
      )}
    </div>
  );
}

interface RunningRowsProps {
  readonly fills: readonly RunningFill[];
  readonly running: readonly WarmJobStatus[];
  readonly nowMs: number;
}

function RunningRows({ fills, running, nowMs }: RunningRowsProps): JSX.Element {
  return (
    <ul class="rows">
      {fills.map((fill) => (
        <ProgressRow
          key={fill.digest}
          name={`${fill.upstream}/${fill.repository}`}
          detail={shortenDigest(fill.digest)}
          doneBytes={fill.receivedBytes}
          totalBytes={fill.sizeBytes}
          notes={notesOf(fill, nowMs)}
        />
      ))}
      {running.map(({ image, bytesDone, bytesTotal }) => (
        <ProgressRow
          key={image}
          name={image}
          detail="warming"
          doneBytes={bytesDone}
          totalBytes={bytesTotal}
          notes={[]}
        />
      ))}
    </ul>
  );
}

function notesOf({ receivedBytes, sizeBytes, startedAtMs, readers }: RunningFill, nowMs: number): string[] {
  const seconds = Math.max(1, (nowMs - startedAtMs) / 1000);
  const bytesPerSecond = receivedBytes / seconds;
  const leftMs =
    sizeBytes === undefined || bytesPerSecond === 0
      ? undefined
      : ((sizeBytes - receivedBytes) / bytesPerSecond) * 1000;
  return [
    `${formatBytes(bytesPerSecond)}/s`,
    ...(leftMs === undefined ? [] : [`${formatDuration(leftMs)} left`]),
    readers === 0
      ? 'nobody waits'
      : `${formatCounted(readers, 'client')} ${readers === 1 ? 'reads' : 'read'}`,
  ];
}

function Outcome({ outcome, nowMs }: { readonly outcome: WarmOutcome; readonly nowMs: number }): JSX.Element {
  const { image, atMs, bytesFetched, problem } = outcome;
  const fetched = bytesFetched === 0 ? 'was all there' : `${formatBytes(bytesFetched)} fetched`;
  return (
    <li>
      <span class={`dot ${problem === undefined ? 'good' : 'bad'}`} />
      <span class="name">{image}</span>
      <span class="muted">
        {problem === undefined ? `warmed, ${fetched}` : `not warmed: ${problem}`}, {formatAge(atMs, nowMs)}
      </span>
    </li>
  );
}

function Scheduled({ job, nowMs }: { readonly job: WarmJobStatus; readonly nowMs: number }): JSX.Element {
  const { image, state, problem, nextAtMs } = job;
  const next = nextAtMs === undefined ? '' : `next ${formatAge(nextAtMs, nowMs)}`;
  const said = problem ?? SAID[state];
  return (
    <li>
      <span class={`dot ${state === 'failed' ? 'bad' : state === 'done' ? 'good' : 'idle'}`} />
      <span class="name">{image}</span>
      <span class="muted">{[said, next].filter((text) => text !== '').join(', ')}</span>
    </li>
  );
}

const SAID: Readonly<Record<WarmJobStatus['state'], string>> = {
  waiting: 'to be warmed',
  running: 'warming',
  done: 'warm',
  failed: 'not warmed',
};

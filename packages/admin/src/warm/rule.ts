import type { WarmRule } from '@registry-cache/config';
import type { WarmEvent, WarmJobStatus } from '@registry-cache/control';
import type { Logger } from '@registry-cache/runtime';
import { setTimeout as sleep } from 'node:timers/promises';
import { createJobStatus } from './job-status.ts';

/** One rule of the configuration, which has its images warmed again and again. */
export interface RunningRule {
  status(): WarmJobStatus;
  /** Ends what runs. Resolves when it has ended. */
  close(): Promise<void>;
}

export interface RunningRuleOptions {
  readonly rule: WarmRule;
  /** Resolves when all images of the rule have ended; rejects when aborted, and where a rule cannot be run at all. */
  readonly run: (emit: (event: WarmEvent) => void, signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
  /** ms since the epoch */
  readonly now: () => number;
  /** 0 to 1; where in the first minute it begins. */
  readonly random: () => number;
}

/** So that rules do not begin all at once, nor caches that were started together. */
const BEGINS_WITHIN_MS = 60_000;
const FIRST_RETRY_MS = 60_000;
/** What a timer can wait. */
const MAX_WAIT_MS = 2 ** 31 - 1;

/**
 * Begins within a minute, and again its time after each end; after a failure sooner: in a minute, then later and later. A failure is logged
 * once as long as it is the same, and what has fetched nothing is not worth a line.
 */
export function startRule({ rule, run, log, now, random }: RunningRuleOptions): RunningRule {
  const closing = new AbortController();
  const image = labelOf(rule);
  let status: WarmJobStatus = { image, state: 'waiting', bytesDone: 0, bytesTotal: 0 };
  let failures = 0;
  let lastProblem: string | undefined;

  const wait = async (ms: number): Promise<void> => {
    const waitMs = Math.min(ms, MAX_WAIT_MS);
    status = { ...status, nextAtMs: now() + waitMs };
    await sleep(waitMs, undefined, { signal: closing.signal });
  };

  async function runOnce(): Promise<void> {
    const images = createJobStatus();
    const startedAt = performance.now();
    let bytesFetched = 0;
    const emit = (event: WarmEvent): void => {
      images.apply(event);
      if (event.type === 'done') bytesFetched += event.bytesFetched;
      status = { image, state: 'running', ...sumOf(images.images()) };
    };
    status = { image, state: 'running', bytesDone: 0, bytesTotal: 0 };
    let problem: string | undefined;
    try {
      await run(emit, closing.signal);
      problem = firstProblem(images.images());
    } catch (error) {
      closing.signal.throwIfAborted();
      problem = error instanceof Error ? error.message : String(error);
    }
    status = { ...status, state: 'done', ...(problem === undefined ? {} : { state: 'failed', problem }) };
    const warmed = images.images().filter(({ state }) => state === 'done').length;
    const fields = {
      image,
      images: warmed,
      bytes: bytesFetched,
      durationMs: Math.round(performance.now() - startedAt),
    };
    report(problem, fields);
  }

  function report(problem: string | undefined, fields: { readonly bytes: number }): void {
    failures = problem === undefined ? 0 : failures + 1;
    if (problem === undefined) log[fields.bytes === 0 ? 'debug' : 'info'](fields, 'images warmed');
    else
      log[problem === lastProblem ? 'debug' : 'warn']({ ...fields, problem }, 'images could not be warmed');
    lastProblem = problem;
  }

  /** Says which image it is, where the rule does not. */
  function firstProblem(images: readonly WarmJobStatus[]): string | undefined {
    const failed = images.find(({ problem }) => problem !== undefined);
    return failed === undefined || failed.image === image
      ? failed?.problem
      : `${failed.image}: ${failed.problem}`;
  }

  async function repeat(): Promise<void> {
    await wait(random() * Math.min(BEGINS_WITHIN_MS, rule.everyMs));
    for (;;) {
      await runOnce();
      await wait(
        failures === 0 ? rule.everyMs : Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), rule.everyMs),
      );
    }
  }

  const repeating = repeat().catch((error: unknown) => {
    if (!closing.signal.aborted) throw error;
  });
  return {
    status: () => status,
    async close() {
      closing.abort();
      await repeating;
    },
  };
}

/** `quay.io/org/app:1.*` */
function labelOf({ repository, select }: WarmRule): string {
  if (select.kind === 'digest') return `${repository}@${select.digest}`;
  const [first, ...others] = select.patterns;
  return `${repository}:${others.length === 0 ? first : `{${select.patterns.join(',')}}`}`;
}

function sumOf(images: readonly WarmJobStatus[]): Pick<WarmJobStatus, 'bytesDone' | 'bytesTotal'> {
  return {
    bytesDone: images.reduce((sum, { bytesDone }) => sum + bytesDone, 0),
    bytesTotal: images.reduce((sum, { bytesTotal }) => sum + bytesTotal, 0),
  };
}

import type { RepositoryName, UpstreamName } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import { aroundQuestions, type Question } from './around-questions.ts';
import type { Pause } from './pause.ts';
import { LOOP_DETECTED, UpstreamError } from './upstream-error.ts';
import type { UpstreamRegistry } from './upstream-registry.ts';

/**
 * Keeps an upstream that is down from costing every pull a timeout:
 *
 * 1. after a few failures in a row, questions fail at once;
 * 2. after a pause one question is let through, and the others still fail at once;
 * 3. when that one fails too, the next pause is longer; any answer at all, 404 and 401 among them, ends the outage.
 *
 * What says nothing about the upstream's health does not count: a caller who leaves, a 4xx, a loop, an answer that is nonsense.
 */
export interface CircuitBreaker {
  around(registry: UpstreamRegistry): UpstreamRegistry;
  /** As long as the outage lasts, also when the time to ask again has come. */
  pause(): Pause | undefined;
  /** Forgets the outage: from now on the upstream is asked in another way, or is another one. */
  reset(): void;
}

/**
 * Of which failures: of all, of those that were answered with a status, or of those that were not answered at all. A client
 * can have an upstream answer 500 by what it asks, and what it is answered says nothing about others.
 */
export type CountedFailures = 'all' | 'answered' | 'unanswered';

export interface CircuitBreakerOptions {
  readonly upstream: UpstreamName;
  readonly counts: CountedFailures;
  readonly log: Logger;
  readonly now: () => number;
}

interface Outage {
  readonly sinceMs: number;
  lastError: UpstreamError;
  pauseMs: number;
  askAgainAtMs: number;
  probing: boolean;
}

const FAILURES_UNTIL_OUTAGE = 3;
const FIRST_PAUSE_MS = 2000;
const MAX_PAUSE_MS = 30_000;

export function createCircuitBreaker({ upstream, counts, log, now }: CircuitBreakerOptions): CircuitBreaker {
  // One repository that is broken on the upstream's side counts once, however often it is asked for; a timeout always costs.
  let failures = new Set<RepositoryName | symbol | undefined>();
  let failingSinceMs = 0;
  let outage: Outage | undefined;

  function answered(): void {
    failures = new Set();
    if (outage === undefined) return;
    log.info({ downMs: Math.round(now() - outage.sinceMs) }, 'upstream answers again');
    outage = undefined;
  }

  function failed(name: RepositoryName | undefined, err: UpstreamError): void {
    // A question from before the outage has nothing to add to it.
    if (outage !== undefined) return;
    if (failures.size === 0) failingSinceMs = now();
    failures.add(err.code === 'failed' ? name : Symbol(err.code));
    if (failures.size < FAILURES_UNTIL_OUTAGE) return;
    const pauseMs = FIRST_PAUSE_MS;
    outage = {
      sinceMs: failingSinceMs,
      lastError: err,
      pauseMs,
      askAgainAtMs: now() + pauseMs,
      probing: false,
    };
    log.warn(
      { err, since: new Date(outage.sinceMs).toISOString() },
      'upstream is down: it is asked now and then, and what is cached goes on being served',
    );
  }

  async function guard<Answer>({ name, signal }: Question, ask: () => Promise<Answer>): Promise<Answer> {
    const probed = outage;
    if (probed !== undefined) {
      if (probed.probing || now() < probed.askAgainAtMs) throw notAsked(upstream, probed, now());
      probed.probing = true;
    }
    try {
      const answer = await ask();
      answered();
      return answer;
    } catch (error) {
      if (signal.aborted || !(error instanceof UpstreamError)) throw error;
      if (!isFailure(error, counts)) answered();
      else if (probed === undefined) failed(name, error);
      else prolong(probed, error, now());
      throw error;
    } finally {
      if (probed !== undefined) probed.probing = false;
    }
  }

  return {
    around: (registry) => aroundQuestions(registry, guard),
    pause: () => outage && { problem: outage.lastError.message, askAgainAtMs: outage.askAgainAtMs },
    reset() {
      failures = new Set();
      outage = undefined;
    },
  };
}

function prolong(outage: Outage, error: UpstreamError, nowMs: number): void {
  outage.lastError = error;
  outage.pauseMs = Math.min(outage.pauseMs * 2, MAX_PAUSE_MS);
  outage.askAgainAtMs = nowMs + outage.pauseMs;
}

function isFailure({ code, status = 500 }: UpstreamError, counts: CountedFailures): boolean {
  if (code !== 'failed') return counts !== 'answered' && (code === 'unreachable' || code === 'timeout');
  // Whether a request has gone in a circle is told by a header of the client's.
  return counts !== 'unanswered' && status >= 500 && status !== LOOP_DETECTED;
}

function notAsked(
  upstream: UpstreamName,
  { sinceMs, lastError, askAgainAtMs, probing }: Outage,
  nowMs: number,
): UpstreamError {
  const retryAfterSeconds = Math.max(1, Math.ceil((askAgainAtMs - nowMs) / 1000));
  const next = probing ? 'it is being asked again' : `it is asked again in ${retryAfterSeconds} s`;
  return new UpstreamError(
    lastError.code,
    `${upstream} has been down since ${new Date(sinceMs).toISOString()}, ${next}: ${lastError.message}`,
    { cause: lastError, retryAfterSeconds, remembered: true },
  );
}

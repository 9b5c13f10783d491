import type { UpstreamName } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import { aroundQuestions, type Question } from './around-questions.ts';
import type { Pause } from './pause.ts';
import { UpstreamError } from './upstream-error.ts';
import type { UpstreamRegistry } from './upstream-registry.ts';

/** After a 429, asks an upstream nothing until its `Retry-After` has passed: each further question would prolong it. */
export interface RateLimit {
  around(registry: UpstreamRegistry): UpstreamRegistry;
  pause(): Pause | undefined;
  /** Forgets the limit: from now on the upstream is asked with other credentials, or is another one. */
  reset(): void;
}

export interface RateLimitOptions {
  readonly upstream: UpstreamName;
  readonly log: Logger;
  readonly now: () => number;
}

const DEFAULT_PAUSE_SECONDS = 10;
// Limits are lifted early, by a new plan or another address: an upstream that says "tomorrow" is asked before that.
const MAX_PAUSE_SECONDS = 5 * 60;

export function createRateLimit({ upstream, log, now }: RateLimitOptions): RateLimit {
  let pausedUntilMs = 0;
  let problem = '';

  function begin(err: UpstreamError): void {
    const wasPaused = now() < pausedUntilMs;
    const seconds = Math.min(Math.max(err.retryAfterSeconds ?? DEFAULT_PAUSE_SECONDS, 1), MAX_PAUSE_SECONDS);
    problem = err.message;
    pausedUntilMs = Math.max(pausedUntilMs, now() + seconds * 1000);
    // Questions that were under way get their own 429.
    if (!wasPaused)
      log.warn({ err, pauseSeconds: seconds }, 'upstream limits our requests: it is left alone');
  }

  async function guard<Answer>(_: Question, ask: () => Promise<Answer>): Promise<Answer> {
    const retryAfterSeconds = Math.ceil((pausedUntilMs - now()) / 1000);
    if (retryAfterSeconds > 0) {
      throw new UpstreamError(
        'rate-limited',
        `${upstream} answered 429 and is asked nothing for another ${retryAfterSeconds} s: pull less often, or with credentials that have a higher limit`,
        { status: 429, retryAfterSeconds, remembered: true },
      );
    }
    try {
      return await ask();
    } catch (error) {
      if (error instanceof UpstreamError && error.code === 'rate-limited') begin(error);
      throw error;
    }
  }

  return {
    around: (registry) => aroundQuestions(registry, guard),
    pause: () => (now() < pausedUntilMs ? { problem, askAgainAtMs: pausedUntilMs } : undefined),
    reset() {
      pausedUntilMs = 0;
    },
  };
}

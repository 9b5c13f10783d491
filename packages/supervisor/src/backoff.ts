export interface BackoffOptions {
  readonly minMs: number;
  readonly maxMs: number;
  /** A process that lived this long is healthy: its next failure is treated as the first. */
  readonly healthyAfterMs: number;
  /** From 0 to below 1. */
  readonly random: () => number;
}

export interface Backoff {
  /** How long to wait before the next start of a process that has just ended after `livedMs`. */
  nextDelayMs(livedMs: number): number;
}

/**
 * Exponential, from `minMs` doubling to `maxMs`. Half of each delay is random, so that processes that failed for one
 * common reason do not come back in step.
 */
export function createBackoff({ minMs, maxMs, healthyAfterMs, random }: BackoffOptions): Backoff {
  let nextMs = minMs;
  return {
    nextDelayMs(livedMs) {
      if (livedMs >= healthyAfterMs) nextMs = minMs;
      const delayMs = nextMs / 2 + (random() * nextMs) / 2;
      nextMs = Math.min(nextMs * 2, maxMs);
      return Math.round(delayMs);
    },
  };
}

import { waitFor } from '../wait-for.ts';

/** What several want done at a time, and once is enough for. */
export interface SharedTask {
  /** Joins a run that is under way; resolves at once where the last one has just ended. An aborted signal ends the waiting alone. */
  run(signal: AbortSignal): Promise<void>;
}

/** @param everyMs at most that often */
export function createSharedTask(work: () => Promise<void>, everyMs: number): SharedTask {
  let running: Promise<void> | undefined;
  let endedAtMs = Number.NEGATIVE_INFINITY;
  return {
    async run(signal) {
      signal.throwIfAborted();
      // The time of day may be set; this clock only goes on.
      if (running === undefined && performance.now() - endedAtMs < everyMs) return;
      running ??= work().finally(() => {
        running = undefined;
        endedAtMs = performance.now();
      });
      await waitFor(running, signal);
    },
  };
}

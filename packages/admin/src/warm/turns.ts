/** So many tasks at a time, whoever brings them, in the order in which they come. */
export interface Turns {
  /** Whoever leaves before its turn gives it up, and rejects with the signal's reason. */
  run<Result>(task: () => Promise<Result>, signal: AbortSignal): Promise<Result>;
}

/** @param atOnce looked at whenever one has ended */
export function createTurns(atOnce: () => number): Turns {
  let running = 0;
  const waiting = new Set<() => void>();
  const begin = (): void => {
    for (const next of waiting) {
      if (running >= atOnce()) return;
      waiting.delete(next);
      running += 1;
      next();
    }
  };

  const turn = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const leave = (): void => {
        waiting.delete(next);
        reject(signal.reason);
      };
      const next = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      signal.addEventListener('abort', leave, { once: true });
      waiting.add(next);
      begin();
    });

  return {
    async run(task, signal) {
      signal.throwIfAborted();
      await turn(signal);
      try {
        return await task();
      } finally {
        running -= 1;
        begin();
      }
    },
  };
}

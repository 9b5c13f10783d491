/** Lets a fixed number of tasks run at once; the others wait for their turn in the order they came. */
export interface Turns {
  take<Result>(task: () => Promise<Result>): Promise<Result>;
}

export function createTurns(concurrency: number): Turns {
  const waiting: (() => void)[] = [];
  let free = concurrency;
  return {
    take: async (task) => {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await task();
      } finally {
        // A turn goes straight to who waits longest, so that nobody who comes now can overtake.
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
  };
}

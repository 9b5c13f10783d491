/** So many may go on at a time; the others wait in the order in which they came. */
export interface FairSemaphore {
  /** Resolves with what gives the place back, once however often it is called. Rejects with the signal's reason. */
  acquire(signal: AbortSignal): Promise<() => void>;
  /** Takes nothing away from who is there already. */
  resize(places: number): void;
}

export function createFairSemaphore(places: number): FairSemaphore {
  let limit = places;
  let taken = 0;
  const waiting = new Set<() => void>();

  function admit(): void {
    for (const enter of waiting) {
      if (taken >= limit) return;
      waiting.delete(enter);
      enter();
    }
  }

  function enter(): () => void {
    taken++;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      taken--;
      admit();
    };
  }

  return {
    async acquire(signal) {
      signal.throwIfAborted();
      if (taken < limit) return enter();
      return new Promise((resolve, reject) => {
        const onAdmitted = (): void => {
          signal.removeEventListener('abort', onAbort);
          resolve(enter());
        };
        const onAbort = (): void => {
          waiting.delete(onAdmitted);
          reject(signal.reason);
        };
        waiting.add(onAdmitted);
        signal.addEventListener('abort', onAbort, { once: true });
      });
    },
    resize(next) {
      limit = next;
      admit();
    },
  };
}

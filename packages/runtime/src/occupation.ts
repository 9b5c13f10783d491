/** What a process is doing, as far as that is a reason not to end. */
export interface Occupation {
  /** Something is being done, until the function that this returns is called; more calls do nothing. */
  begin(): () => void;
  /** Whether nothing has been done for as long as the process may be idle. */
  isIdle(): boolean;
  /** How long it may be idle has changed. */
  restart(): void;
  close(): void;
}

export interface OccupationOptions {
  /** 0 for a process that is never idle. */
  readonly idleTimeoutMs: () => number;
  /** Called when nothing has been done for so long, and again each time that it is. */
  readonly onIdle: () => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

// Whoever had the process started comes at once, but may need some attempts: an idle time of milliseconds must not make it miss
// one life after another.
const SHORTEST_LIFE_MS = 1000;

/** Watches for idleness by one timer, whatever is done meanwhile. */
export function createOccupation({ idleTimeoutMs, onIdle, now }: OccupationOptions): Occupation {
  let running = 0;
  const startedAtMs = now();
  let idleSinceMs = startedAtMs;
  let timer: NodeJS.Timeout | undefined;

  const idleEndsAtMs = (): number => Math.max(idleSinceMs + idleTimeoutMs(), startedAtMs + SHORTEST_LIFE_MS);
  const leftMs = (): number => (running > 0 ? idleTimeoutMs() : Math.max(0, idleEndsAtMs() - now()));
  const isIdle = (): boolean => idleTimeoutMs() > 0 && leftMs() === 0;
  const check = (): void => {
    if (isIdle()) onIdle();
    // Whoever was told of it may have done nothing about it.
    watch(isIdle() ? idleTimeoutMs() : leftMs());
  };
  const watch = (ms: number): void => {
    if (idleTimeoutMs() > 0) timer = setTimeout(check, ms).unref();
  };
  const close = (): void => clearTimeout(timer);

  watch(leftMs());
  return {
    begin() {
      running += 1;
      let ended = false;
      return () => {
        if (ended) return;
        ended = true;
        running -= 1;
        idleSinceMs = now();
      };
    },
    isIdle,
    restart() {
      close();
      watch(leftMs());
    },
    close,
  };
}

/** Passes that repeat, one at a time. Whoever starts one closes it. */
export interface PassSchedule {
  /** Stops the pass that runs, and starts one right away; later ones follow every `everyMs`. */
  restart(everyMs: number): void;
  /**
   * Does `work` right away: a pass that runs is stopped for it, and begins again afterwards. Resolves when the work has ended,
   * or was dropped because of a restart or the end.
   */
  runFirst(work: Pass): Promise<void>;
  /** Stops the pass that runs, and resolves when it has ended. No other follows. */
  close(): Promise<void>;
}

/** Handles its own failures: the next pass comes either way. */
export type Pass = (signal: AbortSignal) => Promise<void>;

export interface PassScheduleOptions {
  readonly everyMs: number;
  readonly firstAfterMs: number;
  readonly runPass: Pass;
}

// A timer with a longer delay, or with none that is a number, fires at once and for ever.
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Runs a pass `firstAfterMs` from now, and the next ones `everyMs` after each one's end.
 *
 * @throws {RangeError} when an interval is no number of milliseconds above 0
 */
export function schedulePasses(options: PassScheduleOptions): PassSchedule {
  let everyMs = checkedInterval(options.everyMs);
  let controller = new AbortController();
  let queue = Promise.resolve();
  let isPassRunning = false;
  let closed = false;
  let timer = startTimer(options.firstAfterMs);

  function startTimer(delayMs: number): NodeJS.Timeout {
    return setTimeout(queuePass, Math.min(delayMs, MAX_TIMER_MS)).unref();
  }

  /** What was stopped may still be ending: the next one waits for it. */
  function enqueue(work: Pass): Promise<void> {
    const { signal } = controller;
    queue = queue.then(() => (signal.aborted ? undefined : work(signal)));
    return queue;
  }

  function queuePass(): void {
    void enqueue(async (signal) => {
      isPassRunning = true;
      await options.runPass(signal);
      isPassRunning = false;
      if (!signal.aborted) timer = startTimer(everyMs);
    });
  }

  function stop(): void {
    controller.abort();
    controller = new AbortController();
  }

  return {
    restart(newEveryMs) {
      everyMs = checkedInterval(newEveryMs);
      if (closed) return;
      clearTimeout(timer);
      stop();
      queuePass();
    },
    async runFirst(work) {
      if (closed) return;
      const isInterrupting = isPassRunning;
      if (isInterrupting) stop();
      const done = enqueue(work);
      if (isInterrupting) queuePass();
      await done;
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      stop();
      await queue;
    },
  };
}

function checkedInterval(everyMs: number): number {
  if (!Number.isFinite(everyMs) || everyMs <= 0) {
    throw new RangeError(`invalid interval ${everyMs}: expected milliseconds, more than 0`);
  }
  return everyMs;
}

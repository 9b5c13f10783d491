/** Work of which at most one run is under way. */
export interface SerialTask {
  /** Runs it, or has it run once more when a run is under way. Resolves when a run that began after this call has ended. */
  run(): Promise<void>;
  /** Nothing runs any more once this has resolved. */
  close(): Promise<void>;
}

/** @param work never rejects: whoever asked for it cannot handle it. */
export function createSerialTask(work: () => Promise<void>): SerialTask {
  let running: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  let closed = false;
  return {
    run() {
      waiting ??= running.then(() => {
        waiting = undefined;
        running = closed ? Promise.resolve() : work();
        return running;
      });
      return waiting;
    },
    async close() {
      closed = true;
      await (waiting ?? running);
    },
  };
}

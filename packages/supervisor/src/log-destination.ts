import pino from 'pino';

/** Where the lines of all processes go, one after another. */
export interface LogDestination {
  /** Takes whole lines, never waits, and may drop what comes while a slow reader is far behind: see `drained`. */
  write(lines: string): void;
  /** Resolves when there is room again. Who can wait for it before the next `write` loses nothing. */
  drained(): Promise<void>;
  /** Calls back when what was written so far has left; pino calls it as well. */
  flush(callback?: (err?: Error) => void): void;
}

// Only lines of the supervisor itself, which cannot wait, are ever beyond the first few KiB of it.
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

/**
 * A destination that never blocks the event loop. Writing to `process.stdout` would: on Linux, Node writes to pipes
 * synchronously, and a log collector that pauses would stop the supervisor.
 */
export function createLogDestination(dest: number | string): LogDestination {
  // One byte and not none: without a minimum, its `flush` calls back before anything was written.
  const stream = pino.destination({ dest, sync: false, minLength: 1, maxLength: MAX_BUFFERED_BYTES });
  let full = false;
  const waiting: (() => void)[] = [];
  const makeRoom = (): void => {
    full = false;
    for (const resolve of waiting.splice(0)) resolve();
  };
  // Once nobody reads any more there is nothing to wait for; pino itself discards what is written from then on.
  let broken = false;
  stream.on('drain', makeRoom);
  stream.on('error', () => {
    broken = true;
    makeRoom();
  });
  return {
    write(lines) {
      full = !stream.write(lines);
    },
    drained: () =>
      full && !broken ? new Promise((resolve) => void waiting.push(resolve)) : Promise.resolve(),
    flush(callback) {
      if (broken) callback?.();
      else stream.flush(callback);
    },
  };
}

import pino, { type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export interface LogOptions {
  readonly level: LogLevel;
  /** Fields on every line, such as `{ process: 'worker', upstream: 'quay.io' }`. */
  readonly fields: Readonly<Record<string, string>>;
  /** Where lines go; standard output unless told. */
  readonly destination?: DestinationStream;
}

// A reader of our output that has stopped reading costs lines, not memory.
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

/**
 * One JSON line per event, with an ISO time and the level's name. Lines are written without blocking the event loop: call
 * `flushLog` before the process exits.
 */
export function createLog(options: LogOptions): Logger {
  // With a minLength of 0, flushing would not wait for what is being written.
  const destination =
    options.destination ??
    pino.destination({ dest: 1, sync: false, minLength: 1, maxLength: MAX_BUFFERED_BYTES });
  return pino(
    {
      level: options.level,
      base: options.fields,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.errWithCause },
    },
    destination,
  );
}

/** Resolves when every line so far has left the process. */
export function flushLog(log: Logger): Promise<void> {
  return new Promise((resolve) => log.flush(() => resolve()));
}

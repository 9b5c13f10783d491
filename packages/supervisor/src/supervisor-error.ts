export type SupervisorErrorCode =
  /** The run directory cannot be used, or belongs to somebody else. */
  | 'RUN_DIRECTORY'
  /** Another supervisor is alive in the same run directory. */
  | 'ALREADY_SERVING'
  /** The data directory cannot be made, read or written. */
  | 'DATA_DIRECTORY'
  /** A process without which nothing can be served did not start. */
  | 'START_FAILED';

/** Why the cache could not be started; the message says what to do about it. */
export class SupervisorError extends Error {
  override readonly name = 'SupervisorError';
  readonly code: SupervisorErrorCode;

  constructor(code: SupervisorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The system's error code, such as `ENOENT`. */
export function errnoOf(err: unknown): string | undefined {
  return err instanceof Error && 'code' in err && typeof err.code === 'string' ? err.code : undefined;
}

/** What an error says, for a message of ours. */
export function reasonOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}

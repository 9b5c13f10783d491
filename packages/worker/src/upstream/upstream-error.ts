/**
 * Why an upstream gave no usable answer:
 * - `unreachable`: DNS, TCP or TLS failed, or the connection broke;
 * - `timeout`: connected, but nothing came in time;
 * - `denied`: 401 or 403 after authentication;
 * - `rate-limited`: 429;
 * - `failed`: a status of 5xx or one that makes no sense here;
 * - `invalid`: an answer that breaks the protocol.
 */
export type UpstreamErrorCode = 'unreachable' | 'timeout' | 'denied' | 'rate-limited' | 'failed' | 'invalid';

/** The status of a `failed` request that has come back to where it was. @see RFC 5842, "508 Loop Detected" */
export const LOOP_DETECTED = 508;

export interface UpstreamErrorOptions {
  readonly cause?: unknown;
  readonly status?: number;
  /** From the upstream's `Retry-After`, or until it is asked again. */
  readonly retryAfterSeconds?: number;
  /** Whether this repeats what was answered before, without asking again: it was logged then. */
  readonly remembered?: boolean;
}

/** The message names operation, upstream URL without userinfo and query, what was expected and what came. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly code: UpstreamErrorCode;
  readonly status: number | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly remembered: boolean;

  constructor(code: UpstreamErrorCode, message: string, options: UpstreamErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.status = options.status;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.remembered = options.remembered ?? false;
  }
}

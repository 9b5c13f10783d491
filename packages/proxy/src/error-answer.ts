import { errorAnswer, RegistryError, type RegistryErrorCode } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ClientLeftError } from './exchange.ts';
import { logFailure } from './log-failure.ts';

export interface FailureOptions {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly log: Logger;
  readonly durationMs: number;
  /** Sent with an `UNAUTHORIZED`. */
  readonly challenge?: Readonly<Record<string, string>>;
}

export interface AnsweredFailure {
  readonly code: RegistryErrorCode;
  /** Body bytes handed to the client's socket. */
  readonly sentBytes: number;
}

/** Logs what went wrong and answers with it; undefined where nobody is left to be answered. */
export function answerFailure(
  err: unknown,
  { request, response, log, durationMs, challenge = {} }: FailureOptions,
): AnsweredFailure | undefined {
  // Its connection is gone, and what it has got so far is in its access event.
  if (err instanceof ClientLeftError) return undefined;
  const error = toRegistryError(err);
  logFailure(log, { request, response, error, durationMs });
  const sentBytes = sendError(response, error, error.code === 'UNAUTHORIZED' ? challenge : {});
  return { code: error.code, sentBytes };
}

/**
 * Answers with the spec's error body. An answer that has begun is cut short instead: nothing may be appended to a blob.
 *
 * @param headers besides those of the error, such as a challenge
 * @returns body bytes handed to the client's socket
 */
export function sendError(
  response: ServerResponse,
  error: RegistryError,
  headers: Readonly<Record<string, string>> = {},
): number {
  if (response.destroyed) return 0;
  if (response.headersSent) {
    response.destroy();
    return 0;
  }
  const { status, headers: ownHeaders, body } = errorAnswer(error);
  response.writeHead(status, { ...ownHeaders, ...headers });
  // Node leaves the body out of the answer to a HEAD.
  response.end(body);
  return response.req.method === 'HEAD' ? 0 : Buffer.byteLength(body);
}

/** A failure that is nobody's business outside is an `UNKNOWN` with its cause for the log. */
function toRegistryError(err: unknown): RegistryError {
  return err instanceof RegistryError ? err : new RegistryError('UNKNOWN', undefined, { cause: err });
}

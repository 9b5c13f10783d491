import { errorAnswer, RegistryError } from '@registry-cache/oci';
import type { ServerResponse } from 'node:http';

/**
 * Answers with the spec's error body. An answer that has begun is cut short instead: nothing may be appended to a blob.
 *
 * @param headers besides those of the error, such as a challenge
 */
export function sendError(
  response: ServerResponse,
  error: RegistryError,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, headers: ownHeaders, body } = errorAnswer(error);
  response.writeHead(status, { ...ownHeaders, ...headers });
  // Node leaves the body out of the answer to a HEAD.
  response.end(body);
}

/** A failure that is nobody's business outside is an `UNKNOWN` with its cause for the log. */
export function toRegistryError(err: unknown): RegistryError {
  return err instanceof RegistryError ? err : new RegistryError('UNKNOWN', undefined, { cause: err });
}

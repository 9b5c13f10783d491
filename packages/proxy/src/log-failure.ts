import type { RegistryError, RegistryErrorCode } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { peerAddress } from './peer-address.ts';

export interface Failure {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Missing where a worker gave the answer, and so has logged why. */
  readonly error?: RegistryError;
  /** Whether its upstream says itself who may pull: the worker has a line for whom it has refused, and why. */
  readonly byOrigin?: boolean;
  readonly durationMs: number;
}

const MAX_PATH_LENGTH = 512;

/**
 * One line for a request that got no pull: access events are about digests, and a failure often has none. A client that has yet
 * to log in is normal traffic, and one that guesses passwords has a line of its own for all of its guesses.
 */
export function logFailure(
  log: Logger,
  { request, response, error, byOrigin = false, durationMs }: Failure,
): void {
  const fields = {
    method: request.method,
    // Without its query, which may be signed.
    path: request.url?.split('?')[0]?.slice(0, MAX_PATH_LENGTH),
    address: peerAddress(request.socket),
    durationMs: Math.round(durationMs),
  };
  if (error !== undefined && response.headersSent) {
    log.warn({ ...fields, ...cause(error) }, 'answer ended short');
    return;
  }
  const status = error?.status ?? response.statusCode;
  const line = {
    ...fields,
    status,
    ...(error === undefined ? {} : { code: error.code, reason: error.message }),
  };
  if (status >= 500) log.warn({ ...line, ...cause(error) }, 'request failed');
  else if (isUsual(status, line, byOrigin)) log.debug(line, 'request refused');
  else log.info(line, 'request refused');
}

function isUsual(
  status: number,
  { path, code }: { readonly path?: string | undefined; readonly code?: RegistryErrorCode },
  byOrigin: boolean,
): boolean {
  if (status === 401 || code === 'TOOMANYREQUESTS') return true;
  if (status === 403) return byOrigin;
  // containerd tries to get a token by POST before it does by GET.
  return code === 'UNSUPPORTED' && path?.startsWith('/token') === true;
}

function cause(error: RegistryError | undefined): { err?: unknown } {
  return error?.cause === undefined ? {} : { err: error.cause };
}

import { RegistryError, type RegistryErrorCode } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import type { Duplex } from 'node:stream';
import { sendRawError } from './raw-answer.ts';

/** What the parser says of a request that it cannot read, and the status that tells the client. */
const STATUSES: ReadonlyMap<unknown, number> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
]);

const BAD_REQUEST = 400;

export interface ClientErrorOptions {
  readonly isAnswering: (socket: Duplex) => boolean;
  /** Told of what is answered. */
  readonly onRefused: (code: RegistryErrorCode) => void;
  readonly log: Logger;
}

/**
 * Answers a connection whose next request cannot be read. Where an answer is still being sent nothing may follow it: that
 * connection is closed short.
 */
export function handleClientError(
  err: Error & { code?: string },
  socket: Duplex,
  { isAnswering, onRefused, log }: ClientErrorOptions,
): void {
  const fields = { code: err.code, address: 'remoteAddress' in socket ? socket.remoteAddress : undefined };
  if (isDistrust(err)) log.warn(fields, 'a client does not trust the certificate of this cache');
  else log.debug(fields, 'connection failed');
  const isRequestError = err.code?.startsWith('HPE_') === true || STATUSES.has(err.code);
  if (!isRequestError || !socket.writable || isAnswering(socket)) {
    socket.destroy();
    return;
  }
  const error = new RegistryError('UNSUPPORTED', 'the request is not HTTP/1.1 as this cache understands it');
  onRefused(error.code);
  sendRawError(socket, error, STATUSES.get(err.code) ?? BAD_REQUEST);
}

/** A TLS alert about our certificate. Most clients send one when nobody has told them to trust it. */
function isDistrust({ code }: { code?: string }): boolean {
  return /ALERT_(?:UNKNOWN_CA|CERTIFICATE_UNKNOWN|BAD_CERTIFICATE)$/.test(code ?? '');
}

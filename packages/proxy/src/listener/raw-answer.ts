import { errorAnswer, type RegistryError } from '@registry-cache/oci';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

// Long enough for a client on a slow line to read the answer, short enough that a deaf one costs nothing.
const LINGER_MS = 2000;

/** Answers on a socket that has no HTTP response to answer with, and closes it. */
export function sendRawError(socket: Duplex, error: RegistryError, status: number = error.status): void {
  const { headers, body } = errorAnswer(error);
  const lines = Object.entries({ ...headers, connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines].join('\r\n');
  socket.on('error', () => socket.destroy());
  socket.end(`${head}\r\n\r\n${body}`);
  // What the client still sends is read and thrown away: closing over it would reset the connection and lose the answer.
  socket.resume();
  const linger = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('end', () => socket.destroy());
  socket.once('close', () => clearTimeout(linger));
}

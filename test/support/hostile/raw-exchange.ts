import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { RunningCache } from '../cache/running-cache.ts';

/** What came back for bytes that were sent as they are. */
export interface RawExchange {
  readonly received: Buffer;
  /** Whether it was the cache that ended the connection. */
  readonly closedByCache: boolean;
}

export interface RawOptions {
  /** Inside TLS unless told. */
  readonly tls?: boolean;
}

// Half of a request has no answer to wait for: then the client is the one that leaves.
const PATIENCE_MS = 400;

/** Resolves when the connection is closed. */
export async function exchangeRaw(
  cache: RunningCache,
  bytes: Uint8Array,
  { tls = true }: RawOptions = {},
): Promise<RawExchange> {
  const target = { host: '127.0.0.1', port: cache.port };
  const socket: Socket = tls ? connectTls({ ...target, ca: cache.ca.certificate }) : connect(target);
  const chunks: Buffer[] = [];
  let closedByCache = false;
  let left = false;
  // Resets are closed connections.
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.once('end', () => (closedByCache = !left));
  const closed = once(socket, 'close');
  socket.write(bytes);
  const patience = setTimeout(() => {
    left = true;
    socket.destroy();
  }, PATIENCE_MS);
  await closed;
  clearTimeout(patience);
  return { received: Buffer.concat(chunks), closedByCache };
}

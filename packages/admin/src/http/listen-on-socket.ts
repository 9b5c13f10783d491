import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { RequestListener } from './router.ts';

export interface Listener {
  /** Takes no new requests, and breaks connections. */
  close(): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;

/** @param socketPath only this user may connect; a file that a killed process left there is replaced */
export async function listenOnSocket(socketPath: string, listener: RequestListener): Promise<Listener> {
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    listener,
  );
  await rm(socketPath, { force: true });
  server.listen(socketPath);
  await once(server, 'listening');
  await chmod(socketPath, 0o600);
  return { close: () => closeServer(server) };
}

/** Whoever asks here can ask again. */
export async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

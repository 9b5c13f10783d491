import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type Server } from 'node:net';
import { onTestFinished } from 'vitest';

/** PEM texts; further certificates of the chain follow the first. */
export interface ServerPair {
  readonly cert: string;
  readonly key: string;
}

/** Answers as a registry without logins does. */
const OPEN_REGISTRY: RequestListener = (_, res) =>
  void res.writeHead(200, { 'content-type': 'application/json' }).end('{}');

/** The port of a server on 127.0.0.1 that is gone after the test. */
export function startTls(pair: ServerPair, listener: RequestListener = OPEN_REGISTRY): Promise<number> {
  const server = createTlsServer(pair, listener);
  return listen(server, () => server.closeAllConnections());
}

export function startPlain(listener: RequestListener = OPEN_REGISTRY): Promise<number> {
  const server = createHttpServer(listener);
  return listen(server, () => server.closeAllConnections());
}

/** Accepts connections and says nothing. */
export function startSilent(): Promise<number> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
  });
  return listen(server, () => {});
}

async function listen(server: Server, breakConnections: () => void): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    breakConnections();
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new TypeError('expected a TCP address');
  return address.port;
}

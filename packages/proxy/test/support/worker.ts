import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { rm } from 'node:fs/promises';
import { onTestFinished } from 'vitest';

/** A worker as the proxy sees it: an HTTP server on a unix socket. */
export interface TestWorker {
  readonly requests: IncomingMessage[];
  readonly sockets: Set<Socket>;
  /** As a process that was killed: its connections break and its socket file stays. */
  kill(): void;
}

export async function startWorker(socketPath: string, answer: RequestListener): Promise<TestWorker> {
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await rm(socketPath, { force: true });
  server.listen({ path: socketPath, backlog: 8192 });
  await once(server, 'listening');
  const kill = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(kill);
  return { requests, sockets, kill };
}

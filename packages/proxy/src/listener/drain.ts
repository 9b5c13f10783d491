import { once } from 'node:events';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connections } from './connections.ts';

export interface DrainOptions {
  /** All of the server's. */
  readonly connections: Pick<Connections, 'all' | 'answering'>;
  readonly timeoutMs: number;
}

const POLL_MS = 50;

/**
 * Closes a server without breaking an answer in flight:
 *
 * 1. Accept no connection, and close those that are idle now.
 * 2. Until no answer is in flight, or time is up, close connections as they become idle.
 * 3. Destroy what is left: connections without a request, and answers whose time is up.
 */
export async function drain(server: Server, { connections, timeoutMs }: DrainOptions): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  const deadline = performance.now() + timeoutMs;
  while (connections.answering.size > 0 && performance.now() < deadline) {
    await sleep(Math.min(POLL_MS, Math.max(1, deadline - performance.now())));
    server.closeIdleConnections();
  }
  for (const socket of connections.all) socket.destroy();
  await closed;
}

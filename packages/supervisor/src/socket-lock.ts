import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { fitsSocket } from './socket-path.ts';
import { errnoOf } from './supervisor-error.ts';

/** The right to be the only one of its kind. Whoever knocks at its socket is let in and shown out again. */
export interface SocketLock {
  /** Lets another have it. */
  close(): Promise<void>;
}

// Of two supervisors that start at once, both may find a leftover, and one the other's lock where it was.
const MAX_ATTEMPTS = 3;

/**
 * Takes a lock by listening on a unix socket at `path`. Unlike a file with a process id in it, that cannot outlive its process,
 * and is seen from every container of the machine in which `path` is the same file: what a killed process left answers nobody,
 * and is replaced. Undefined when somebody else has it.
 *
 * @param onKnock somebody has found out that the lock is taken
 * @throws where a socket cannot be used at `path`
 */
export async function takeSocketLock(
  path: string,
  onKnock: () => void = () => {},
): Promise<SocketLock | undefined> {
  if (!fitsSocket(path)) throw new Error(`${path} is too long for a unix socket`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const server = await listen(path, onKnock);
      return {
        async close() {
          // Closing removes the socket's file as well.
          server.close();
          await once(server, 'close');
        },
      };
    } catch (err) {
      if (errnoOf(err) !== 'EADDRINUSE' || attempt === MAX_ATTEMPTS) throw err;
    }
    if (await isAnswered(path)) return undefined;
    await rm(path, { force: true });
  }
}

async function listen(path: string, onKnock: () => void): Promise<Server> {
  const server = createServer((socket) => {
    // Who only looks may be gone already.
    socket.on('error', () => {});
    socket.destroy();
    onKnock();
  });
  server.listen(path);
  await once(server, 'listening');
  return server;
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch (err) {
    const code = errnoOf(err);
    if (code === 'ECONNREFUSED' || code === 'ENOENT') return false;
    throw err;
  } finally {
    socket.destroy();
  }
}

import type { SendHandle } from 'node:child_process';
import { describePortProblem } from '@registry-cache/runtime';
import { lookup } from 'node:dns/promises';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { getSystemErrorName } from 'node:util';
import { reasonOf, SupervisorError } from './supervisor-error.ts';

/**
 * A port that several processes accept connections from, each as it has time. It is the supervisor's, which accepts none: while a
 * process is started again, connections wait for it or go to the others.
 */
export interface ListeningSocket {
  /** For `send` of a child. */
  readonly handle: NonNullable<SendHandle>;
  /** No process that is started from now on can listen. Those that do go on. */
  close(): void;
}

export interface Address {
  /** Empty for all addresses. */
  readonly host: string;
  readonly port: number;
}

const ATTEMPTS = 10;
const PAUSE_MS = 200;

/**
 * Takes the port; it is listened on by the first process that has it. A predecessor that still has it is waited for, for two seconds.
 *
 * @throws SupervisorError `START_FAILED` when the port cannot be had
 */
export async function openListeningSocket(address: Address, signal: AbortSignal): Promise<ListeningSocket> {
  for (let attempt = 1; ; attempt++) {
    const bound = await bind(address);
    if (typeof bound === 'object') {
      return { handle: bound as unknown as ListeningSocket['handle'], close: () => bound.close() };
    }
    if (bound !== 'EADDRINUSE' || attempt === ATTEMPTS || signal.aborted) throw cannotListen(address, bound);
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
  }
}

interface BoundHandle {
  getsockname(out: { port?: number }): number;
  close(): void;
}

interface NodeNet {
  readonly _createServerHandle?: CreateServerHandle;
}

type CreateServerHandle = (
  address: string,
  port: number,
  family: 4 | 6,
  fd: number,
  flags: number,
) => BoundHandle | number;

/** The error's name where it does not work. */
async function bind({ host, port }: Address): Promise<BoundHandle | string> {
  const { address, family } = host === '' ? { address: '', family: 6 } : await resolve(host);
  // What node:cluster makes its sockets by, the only way of Node's to have one without accepting connections.
  const { _createServerHandle: createHandle } = net as NodeNet;
  if (createHandle === undefined) {
    throw new SupervisorError('START_FAILED', 'this Node.js cannot share a port: set http.processes to 1');
  }
  const handle = createHandle(address, port, family === 4 ? 4 : 6, -1, 0);
  if (typeof handle === 'number') return getSystemErrorName(handle);
  // That a port is in use is not said before somebody listens, who would get another one.
  const name: { port?: number } = {};
  if (handle.getsockname(name) === 0 && (port === 0 || name.port === port)) return handle;
  handle.close();
  return 'EADDRINUSE';
}

async function resolve(host: string): Promise<{ address: string; family: number }> {
  try {
    return await lookup(host);
  } catch (err) {
    throw new SupervisorError('START_FAILED', `cannot listen on ${host}: ${reasonOf(err)}`, { cause: err });
  }
}

function cannotListen({ host, port }: Address, code: string): SupervisorError {
  return new SupervisorError(
    'START_FAILED',
    `cannot listen on ${host}:${port}: ${describePortProblem(code) ?? code}`,
  );
}

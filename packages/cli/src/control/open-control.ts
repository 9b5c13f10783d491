import { once } from 'node:events';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findControlSocket, findOtherOwners, readEnvironment } from '@registry-cache/config';
import { ControlError, createControlClient, type ControlClient } from '@registry-cache/control';
import { EXIT_FAILURE } from '@registry-cache/runtime';
import { CommandFailure } from '../command-failure.ts';
import { explainConfigError } from '../load-settings.ts';
import type { CacheAddress } from './control-options.ts';

/** A process starts in a fraction of a second, and on a small and busy machine in ten. */
const PATIENCE_MS = 15_000;
const RETRY_MS = 100;

const NEVER = new AbortController().signal;

/**
 * The running cache at this address. What it answers with a problem, and that it does not answer, is a `CommandFailure`; an aborted signal is
 * thrown as its reason.
 *
 * @throws {CommandFailure} where the configuration does not say where its socket is
 */
export async function openControl(
  address: CacheAddress,
  signal: AbortSignal = NEVER,
): Promise<ControlClient> {
  const socketPath = address.socket ?? (await findSocket(address.config));
  const client = createControlClient({ socketPath, signal });
  const fail = async (err: unknown): Promise<never> => {
    signal.throwIfAborted();
    const isMine = address.socket !== undefined || !isUnanswered(err);
    return explainControlError(err, isMine ? [] : await findOtherOwners(socketPath));
  };
  const patiently = <T>(send: () => Promise<T>): Promise<T> => retryWhileItStarts(socketPath, send);
  return {
    ask: <Answer>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) =>
      patiently(() => client.ask<Answer>(method, path, body)).catch(fail),
    async *follow<Value>(method: 'GET' | 'POST', path: string, body?: unknown): AsyncGenerator<Value> {
      try {
        const begun = await patiently(async () => {
          const values = client.follow<Value>(method, path, body);
          return { values, first: await values.next() };
        });
        if (begun.first.done === true) return;
        yield begun.first.value;
        yield* begun.values;
      } catch (err) {
        await fail(err);
      }
    },
  };
}

async function findSocket(configFile: string | undefined): Promise<string> {
  try {
    return await findControlSocket({ env: readEnvironment(), configFile });
  } catch (err) {
    throw explainConfigError(err);
  }
}

/** The process that has the socket sleeps until somebody knocks, or starts again after a failure, while others serve. */
async function retryWhileItStarts<T>(socketPath: string, send: () => Promise<T>): Promise<T> {
  const lock = join(dirname(socketPath), 'supervisor.sock');
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await send();
    } catch (err) {
      const mayCome = isUnanswered(err) && Date.now() < deadline && (await knock(lock));
      if (!mayCome) throw err;
      await sleep(RETRY_MS);
    }
  }
}

/** Resolves to whether the cache's supervisor is there, which has the process started that is wanted. */
async function knock(lock: string): Promise<boolean> {
  const socket = connect(lock);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function isUnanswered(err: unknown): boolean {
  return err instanceof ControlError && err.code === 'NOT_SERVING' && codeOf(err.cause) !== 'ECONNRESET';
}

/**
 * What a client of the control socket throws, as it is explained to users; everything else as it is.
 *
 * @param otherOwners ids of users whose cache may be meant
 */
export function explainControlError(err: unknown, otherOwners: readonly number[] = []): never {
  if (err instanceof ControlError) {
    // Its message says what its cause does.
    throw new CommandFailure([err.message, ...otherOwners.map(adviseUser)].join(' '), {
      exitCode: EXIT_FAILURE,
    });
  }
  if (codeOf(err) === 'ECONNRESET') {
    throw new CommandFailure('the cache has not answered to the end: it was stopped, or starts again', {
      exitCode: EXIT_FAILURE,
    });
  }
  throw err;
}

function adviseUser(uid: number): string {
  return `If the one of user id ${uid} is meant, run this as that user: podman exec --user ${uid}, or sudo --user '#${uid}'`;
}

function codeOf(err: unknown): unknown {
  return err instanceof Error && 'code' in err ? err.code : undefined;
}

import { chmod, lstat, mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { takeSocketLock, type SocketLock } from './socket-lock.ts';
import { socketPath } from './socket-path.ts';
import { errnoOf, reasonOf, SupervisorError } from './supervisor-error.ts';

/** A directory of unix sockets that is this supervisor's alone. */
export interface RunDirectory {
  /** Calls back each time that somebody has found out by its lock that this supervisor serves. */
  onKnock(listener: () => void): void;
  /** Removes its sockets, and the directory where it was not there before, and lets another supervisor have it. */
  close(): Promise<void>;
}

/**
 * Makes `path` a directory that only this user can enter, claims it, and removes the sockets of a supervisor that was killed.
 *
 * @throws SupervisorError `RUN_DIRECTORY` when it cannot be used, `ALREADY_SERVING` when another supervisor has it
 */
export async function openRunDirectory(path: string): Promise<RunDirectory> {
  const isOurs = await makePrivate(path);
  const lockPath = socketPath(path, 'supervisor');
  let listener = (): void => {};
  const lock = await claim(path, lockPath, () => listener());
  await removeSockets(path, lockPath);
  return {
    onKnock(next) {
      listener = next;
    },
    async close() {
      await removeSockets(path, lockPath);
      await lock.close();
      if (isOurs) await removeIfEmpty(path);
    },
  };
}

/** True when it was not there before. */
async function makePrivate(path: string): Promise<boolean> {
  const failed = (problem: string, cause?: unknown): SupervisorError =>
    new SupervisorError('RUN_DIRECTORY', `run directory ${path} ${problem}`, { cause });
  try {
    const made = await mkdir(path, { recursive: true, mode: 0o700 });
    // lstat: a link could lead into somebody else's directory.
    const stats = await lstat(path);
    if (!stats.isDirectory()) throw failed('is not a directory; choose another');
    if (stats.uid !== process.geteuid?.()) {
      throw failed(
        `belongs to user ${stats.uid}; choose one that only user ${process.geteuid?.()} can enter`,
      );
    }
    if ((stats.mode & 0o077) !== 0) await chmod(path, 0o700);
    return made !== undefined;
  } catch (err) {
    if (err instanceof SupervisorError) throw err;
    throw failed(`cannot be made: ${reasonOf(err)}`, err);
  }
}

async function claim(path: string, lockPath: string, onKnock: () => void): Promise<SocketLock> {
  const lock = await takeSocketLock(lockPath, onKnock).catch((err: unknown) => {
    throw new SupervisorError('RUN_DIRECTORY', `run directory ${path} cannot be used: ${reasonOf(err)}`, {
      cause: err,
    });
  });
  if (lock !== undefined) return lock;
  throw new SupervisorError(
    'ALREADY_SERVING',
    `another registry-cache uses run directory ${path}: it answers on ${lockPath}; stop it, or give this one a run ` +
      `directory of its own with rundir`,
  );
}

async function removeSockets(path: string, lockPath: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const file = join(path, entry.name);
    if (entry.isSocket() && file !== lockPath) await rm(file, { force: true });
  }
}

async function removeIfEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (err) {
    // Somebody else's files, or the lock of a supervisor that has started since.
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errnoOf(err) ?? '')) throw err;
  }
}

import type { Logger } from '@registry-cache/runtime';
import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { takeSocketLock, type SocketLock } from './socket-lock.ts';
import { reasonOf, SupervisorError } from './supervisor-error.ts';

/** A directory that the cache can keep data in. */
export interface DataDirectory {
  /** Says that this supervisor no longer serves it. */
  close(): Promise<void>;
}

/**
 * Makes sure that the cache can keep data at `path`, before anything is started that needs it. Another supervisor on the same
 * data is no reason not to start: during a rolling update there are two, and what they write they put in place in one step.
 * It is worth a warning, since both would fetch and clean for themselves.
 *
 * @throws SupervisorError `DATA_DIRECTORY` when it cannot be used
 */
export async function openDataDirectory(path: string, log: Logger): Promise<DataDirectory> {
  // Ours beside the registry's: a plain registry on the same data ignores it.
  const own = join(path, 'registry-cache');
  try {
    for (const folder of [path, own]) {
      // One after the other: in a read-only filesystem, mkdir says that what it should make is not there.
      await mkdir(folder, { recursive: true });
      await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    }
  } catch (err) {
    throw new SupervisorError(
      'DATA_DIRECTORY',
      `data directory ${path} cannot be made, read or written by user ${process.geteuid?.()}: ${reasonOf(err)}; mount a ` +
        `volume there that this user may write to, or set storage.filesystem.rootdirectory`,
      { cause: err },
    );
  }
  return announce(path, join(own, 'supervisor.sock'), log);
}

async function announce(path: string, socketPath: string, log: Logger): Promise<DataDirectory> {
  const unseen = { close: () => Promise.resolve() };
  let lock: SocketLock | undefined;
  try {
    lock = await takeSocketLock(socketPath);
  } catch (err) {
    // As on a filesystem without unix sockets, or with a path that is too long for one.
    log.debug({ err, path }, 'other caches on the same data directory cannot be seen');
    return unseen;
  }
  if (lock !== undefined) return lock;
  log.warn(
    { path },
    'another registry-cache serves this data directory: as in a rolling update that is fine, but for good each needs its own',
  );
  return unseen;
}

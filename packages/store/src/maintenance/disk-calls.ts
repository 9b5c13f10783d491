import { lstatSync, opendirSync, readFileSync, rmdirSync, unlinkSync, type Dir, type Stats } from 'node:fs';
import { lstat, opendir, readFile, rmdir, unlink } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { unlessAbsent } from '../absence.ts';
import { readQuietly, readQuietlySync } from '../open-quietly.ts';

/** The calls of the file system that walks and sweeps make by the million. */
export interface DiskCalls {
  /** Of the file itself, also where it is a symbolic link; undefined where it is absent. */
  findStats(path: string): Promise<Stats | undefined>;
  openFolder(path: string): Promise<Dir>;
  /** Of a small file; undefined where it is absent. */
  findText(path: string): Promise<string | undefined>;
  /** Of a small file, which does not look used by that; undefined where it is absent. */
  findBytes(path: string): Promise<Buffer | undefined>;
  /** True when a file was there. */
  unlinkFile(path: string): Promise<boolean>;
  removeFolder(path: string): Promise<void>;
  /** Reads the next entry, or null at the end. */
  readEntry: (folder: Dir) => Promise<ReturnType<Dir['readSync']>>;
}

/** A call that takes longer had to wait for the disk. */
const WAITED_MS = 1;
/** How many calls after such a one are made by libuv's threads, four at a time where the caller lets them. */
const CALLS_BY_THREADS = 256;
/** How long the event loop may be kept from everything else. */
const TURN_MS = 10;
const ENTRIES_READ_AT_ONCE = 256;

/**
 * Makes calls in this thread while the kernel answers them from its memory, which takes a third of the time that a promise of
 * another thread does, and a quarter of its CPU. A disk that has to be waited for is left to libuv's threads, several at a time.
 * Either way the event loop gets its turns.
 *
 * @param now milliseconds of a clock that never goes back
 * @internal
 */
export function createDiskCalls(now: () => number): DiskCalls {
  let callsByThreads = 0;
  let turnedAtMs = now();

  async function call<T>(inThisThread: () => T, byThreads: () => Promise<T>): Promise<T> {
    if (callsByThreads > 0) {
      callsByThreads -= 1;
      return byThreads();
    }
    if (now() - turnedAtMs > TURN_MS) {
      // Set before, too: calls that are made meanwhile need not wait for the same turn.
      turnedAtMs = now();
      await nextTurn();
      turnedAtMs = now();
    }
    const startedAtMs = now();
    try {
      return inThisThread();
    } finally {
      if (now() - startedAtMs > WAITED_MS) callsByThreads = CALLS_BY_THREADS;
    }
  }

  const listing = { bufferSize: ENTRIES_READ_AT_ONCE };
  return {
    findStats: (path) =>
      unlessAbsent(
        call(
          () => lstatSync(path, { throwIfNoEntry: false }),
          () => lstat(path),
        ),
      ),
    findText: (path) =>
      unlessAbsent(
        call(
          () => readFileSync(path, 'utf8'),
          () => readFile(path, 'utf8'),
        ),
      ),
    findBytes: (path) =>
      unlessAbsent(
        call(
          () => readQuietlySync(path),
          () => readQuietly(path),
        ),
      ),
    openFolder: (path) =>
      call(
        () => opendirSync(path, listing),
        () => opendir(path, listing),
      ),
    readEntry: (folder) =>
      call(
        () => folder.readSync(),
        () => folder.read(),
      ),
    unlinkFile: async (path) =>
      (await unlessAbsent(
        call(
          () => unlinkSync(path),
          () => unlink(path),
        ).then(() => true),
      )) ?? false,
    removeFolder: (path) =>
      call(
        () => rmdirSync(path),
        () => rmdir(path),
      ),
  };
}

/** For all of a process's sweeps: they share its event loop, and the disk. */
export const diskCalls: DiskCalls = createDiskCalls(() => performance.now());

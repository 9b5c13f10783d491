import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, open, rm, rmdir, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A file system of its own that is soon full. */
export interface SmallDisk {
  readonly path: string;
  availableBytes(): Promise<number>;
  /** Foreign files take all that is left, but for so many bytes. */
  occupy(leaveBytes?: number): Promise<void>;
  /** They are gone. */
  release(): Promise<void>;
  /** Unmounts it, with whatever is on it. */
  close(): Promise<void>;
}

const run = promisify(execFile);
const CHUNK = Buffer.alloc(256 * 1024);

/** Needs root. */
export async function mountSmallDisk(sizeBytes: number): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), 'small-disk-'));
  await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes},mode=0700`, 'tmpfs', path]);
  // A test that is killed must not leave a mount behind.
  const unmountAtExit = (): void => void spawnSync('umount', ['--lazy', path]);
  process.once('exit', unmountAtExit);

  const foreignFile = join(path, 'foreign');
  const availableBytes = async (): Promise<number> => {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  };
  return {
    path,
    availableBytes,
    async occupy(leaveBytes = 0) {
      const file = await open(foreignFile, 'a');
      try {
        for (;;) {
          const left = (await availableBytes()) - leaveBytes;
          if (left <= 0) return;
          await file.write(CHUNK.subarray(0, Math.min(CHUNK.length, left)));
        }
      } catch (err) {
        if (!(err instanceof Error && 'code' in err && err.code === 'ENOSPC')) throw err;
      } finally {
        await file.close();
      }
    },
    release: () => rm(foreignFile, { force: true }),
    async close() {
      process.off('exit', unmountAtExit);
      await run('umount', ['--lazy', path]);
      await rmdir(path);
    },
  };
}

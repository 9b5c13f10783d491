import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { unlessAbsent } from '../absence.ts';
import type { Layout } from '../layout.ts';

/** The filesystem that holds the store, with everything else that is on it. */
export interface DiskSpace {
  readonly sizeBytes: number;
  /** What is left for users other than root. */
  readonly freeBytes: number;
}

export async function measureDisk(layout: Layout): Promise<DiskSpace> {
  // A store that nothing was written to yet has no folder, and lies where its folder will be.
  let folder = layout.blobs;
  for (;;) {
    const disk = await unlessAbsent(statfs(folder));
    if (disk !== undefined) {
      return { sizeBytes: disk.blocks * disk.bsize, freeBytes: disk.bavail * disk.bsize };
    }
    folder = dirname(folder);
  }
}

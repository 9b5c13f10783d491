import { lstat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Digest } from '@registry-cache/oci';
import { unlessAbsent } from '../absence.ts';
import { blobDataPath, type Layout } from '../layout.ts';
import type { StoredBlob } from '../store.ts';
import { removeEmptyFolder } from './empty-folder.ts';

/** In ms since the epoch. */
export type BlobTimes = Pick<StoredBlob, 'filledAtMs' | 'accessedAtMs'>;

/** `spared`: it was filled or used since it was seen. `absent`: somebody else removed it. */
export type RemovalOutcome = 'removed' | 'spared' | 'absent';

/**
 * Removes one blob if its times still say so: it may have been filled anew or used since it was seen. Whoever has it open reads
 * it to its end; everybody else finds a miss. A dry run only says what would become of it.
 */
export async function removeBlobIf(
  layout: Layout,
  digest: Digest,
  isToGo: (times: BlobTimes) => boolean,
  dryRun: boolean,
): Promise<RemovalOutcome> {
  const path = join(layout.blobs, blobDataPath(digest));
  const file = await unlessAbsent(lstat(path));
  if (file === undefined) return 'absent';
  if (!isToGo({ filledAtMs: file.mtimeMs, accessedAtMs: file.atimeMs })) return 'spared';
  if (dryRun) return 'removed';
  const isOurs = await unlessAbsent(unlink(path).then(() => true));
  await removeEmptyFolder(dirname(path));
  return isOurs === true ? 'removed' : 'absent';
}

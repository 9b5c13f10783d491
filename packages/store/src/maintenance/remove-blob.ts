import type { Digest } from '@registry-cache/oci';
import { blobDataPath, blobFolder, type Layout } from '../layout.ts';
import type { StoredBlob } from '../store.ts';
import { diskCalls } from './disk-calls.ts';
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
  const folder = `${layout.blobs}/${blobFolder(digest)}`;
  const path = `${layout.blobs}/${blobDataPath(digest)}`;
  const file = await diskCalls.findStats(path);
  if (file === undefined) return 'absent';
  if (!isToGo({ filledAtMs: file.mtimeMs, accessedAtMs: file.atimeMs })) return 'spared';
  if (dryRun) return 'removed';
  const isOurs = await diskCalls.unlinkFile(path);
  await removeEmptyFolder(folder);
  return isOurs ? 'removed' : 'absent';
}

import { join } from 'node:path';
import type { Digest } from '@registry-cache/oci';
import { blobFolder, type Layout } from '../layout.ts';
import { removeEmptyFolder } from './empty-folder.ts';

/** Removes folders of blobs that are not there; one that was filled meanwhile stays. Returns how many are gone. */
export async function sweepBlobFolders(
  layout: Layout,
  digests: readonly Digest[],
  signal: AbortSignal,
): Promise<number> {
  let removed = 0;
  for (const digest of digests) {
    signal.throwIfAborted();
    if (await removeEmptyFolder(join(layout.blobs, blobFolder(digest)))) removed += 1;
  }
  return removed;
}

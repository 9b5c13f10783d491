import type { Digest } from '@registry-cache/oci';
import type { StoredBlob } from '../store.ts';
import type { BlobFolder } from './walk-blobs.ts';

export interface Usage {
  /** The sum of the blobs' sizes; fills under way and links do not count. */
  readonly usedBytes: number;
  readonly blobs: number;
  /** Folders of blobs that are not there: what was killed between two steps leaves them. */
  readonly emptyFolders: readonly Digest[];
}

/** Adds up what a walk yields, such as `walkBlobFolders`, and passes on each blob. Keeps nothing of them in memory. */
export async function measureUsage(
  walk: AsyncIterable<readonly BlobFolder[]>,
  onBlob: (blob: StoredBlob) => void = () => {},
): Promise<Usage> {
  let usedBytes = 0;
  let blobs = 0;
  const emptyFolders: Digest[] = [];
  for await (const folders of walk) {
    for (const { digest, blob } of folders) {
      if (blob === undefined) {
        emptyFolders.push(digest);
        continue;
      }
      usedBytes += blob.sizeBytes;
      blobs += 1;
      onBlob(blob);
    }
  }
  return { usedBytes, blobs, emptyFolders };
}

import type { Digest } from '@registry-cache/oci';
import type { Layout } from '../layout.ts';
import { walkBlobFolders } from './walk-blobs.ts';

export interface Usage {
  /** The sum of the blobs' sizes; fills under way and links do not count. */
  readonly usedBytes: number;
  readonly blobs: number;
  /** Folders of blobs that are not there: what was killed between two steps leaves them. */
  readonly emptyFolders: readonly Digest[];
}

/** Adds up the store without keeping anything of it in memory. */
export async function measureUsage(layout: Layout, signal: AbortSignal): Promise<Usage> {
  let usedBytes = 0;
  let blobs = 0;
  const emptyFolders: Digest[] = [];
  for await (const { digest, blob } of walkBlobFolders(layout, signal)) {
    if (blob === undefined) {
      emptyFolders.push(digest);
      continue;
    }
    usedBytes += blob.sizeBytes;
    blobs += 1;
  }
  return { usedBytes, blobs, emptyFolders };
}

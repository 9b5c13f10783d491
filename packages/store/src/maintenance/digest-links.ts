import { lstat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { findDigest, type Digest } from '@registry-cache/oci';
import { unlessAbsent } from '../absence.ts';
import { batchesOf } from './batches.ts';
import { removeEmptyFolder } from './empty-folder.ts';
import { entriesIn } from './folder-entries.ts';
import type { SweepOptions } from './sweep-options.ts';

const LINKS_UNDER_WAY = 32;

/**
 * Removes the links `<folder>/<algorithm>/<hex>/link` whose digest is not live, and the folders that become empty by it.
 * Returns how many links went.
 */
export async function sweepDigestLinks(
  folder: string,
  isLive: (digest: Digest) => Promise<boolean>,
  options: SweepOptions,
): Promise<number> {
  let removed = 0;
  for await (const algorithm of entriesIn(folder)) {
    if (!algorithm.isDirectory()) continue;
    const algorithmFolder = join(folder, algorithm.name);
    const sweepLink = async (hex: string): Promise<boolean> => {
      const digest = findDigest(`${algorithm.name}:${hex}`);
      if (digest === undefined || (await isLive(digest))) return false;
      return (await removeLink(join(algorithmFolder, hex), options)) === 'removed';
    };
    for await (const batch of batchesOf(entriesIn(algorithmFolder), LINKS_UNDER_WAY)) {
      options.signal.throwIfAborted();
      const outcomes = await Promise.all(batch.map((entry) => sweepLink(entry.name)));
      removed += outcomes.filter((wasRemoved) => wasRemoved).length;
    }
    if (!options.dryRun) await removeEmptyFolder(algorithmFolder);
  }
  if (!options.dryRun) await removeEmptyFolder(folder);
  return removed;
}

/**
 * Removes the file `link` in a folder, and the folder. A link younger than the bound is kept: a worker may have written it for a
 * blob that it publishes next.
 */
export async function removeLink(
  folder: string,
  options: SweepOptions,
): Promise<'removed' | 'kept' | 'absent'> {
  const path = join(folder, 'link');
  const link = await unlessAbsent(lstat(path));
  if (link !== undefined && link.mtimeMs > options.unchangedSinceMs) return 'kept';
  if (!options.dryRun) {
    if (link !== undefined) await unlessAbsent(unlink(path));
    await removeEmptyFolder(folder);
  }
  return link === undefined ? 'absent' : 'removed';
}

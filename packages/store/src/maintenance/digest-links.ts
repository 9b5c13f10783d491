import { findDigest, type Digest } from '@registry-cache/oci';
import { batchesOf } from './batches.ts';
import { diskCalls } from './disk-calls.ts';
import { removeEmptyFolder } from './empty-folder.ts';
import { entriesIn } from './folder-entries.ts';
import type { SweepOptions } from './sweep-options.ts';

/** `absent`: there was a folder for it, and no link. */
export type LinkOutcome = 'removed' | 'kept' | 'absent';

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
  let folders = 0;
  for await (const algorithm of entriesIn(folder)) {
    folders += 1;
    if (!algorithm.isDirectory()) continue;
    const algorithmFolder = `${folder}/${algorithm.name}`;
    let kept = 0;
    const sweepLink = async (hex: string): Promise<LinkOutcome> => {
      const digest = findDigest(`${algorithm.name}:${hex}`);
      if (digest === undefined || (await isLive(digest))) return 'kept';
      return removeLink(`${algorithmFolder}/${hex}`, options);
    };
    for await (const batch of batchesOf(entriesIn(algorithmFolder), LINKS_UNDER_WAY)) {
      options.signal.throwIfAborted();
      const outcomes = await Promise.all(batch.map((entry) => sweepLink(entry.name)));
      removed += outcomes.filter((outcome) => outcome === 'removed').length;
      kept += outcomes.filter((outcome) => outcome === 'kept').length;
    }
    if (kept === 0 && !options.dryRun && (await removeEmptyFolder(algorithmFolder))) folders -= 1;
  }
  if (folders === 0 && !options.dryRun) await removeEmptyFolder(folder);
  return removed;
}

/**
 * Removes the file `link` in a folder, and the folder. A link younger than the bound is kept: a worker may have written it for a
 * blob that it publishes next.
 */
export async function removeLink(folder: string, options: SweepOptions): Promise<LinkOutcome> {
  const path = `${folder}/link`;
  const link = await diskCalls.findStats(path);
  if (link !== undefined && link.mtimeMs > options.unchangedSinceMs) return 'kept';
  if (!options.dryRun) {
    if (link !== undefined) await diskCalls.unlinkFile(path);
    await removeEmptyFolder(folder);
  }
  return link === undefined ? 'absent' : 'removed';
}

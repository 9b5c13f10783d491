import { join } from 'node:path';
import type { Digest } from '@registry-cache/oci';
import { readLink } from '../link-files.ts';
import { removeLink, sweepDigestLinks } from './digest-links.ts';
import { removeEmptyFolder } from './empty-folder.ts';
import { entriesIn } from './folder-entries.ts';
import type { SweepOptions } from './sweep-options.ts';

/**
 * Removes the tags in a `_manifests/tags` folder whose manifest is gone, with what distribution keeps beside them:
 * `<tag>/index/<algorithm>/<hex>/link`, one for each manifest the tag ever was. Returns how many tags went.
 */
export async function sweepTags(
  folder: string,
  isLive: (digest: Digest) => Promise<boolean>,
  options: SweepOptions,
): Promise<number> {
  let removed = 0;
  for await (const tag of entriesIn(folder)) {
    options.signal.throwIfAborted();
    if (tag.isDirectory() && (await sweepTag(join(folder, tag.name), isLive, options))) removed += 1;
  }
  if (!options.dryRun) await removeEmptyFolder(folder);
  return removed;
}

async function sweepTag(
  folder: string,
  isLive: (digest: Digest) => Promise<boolean>,
  options: SweepOptions,
): Promise<boolean> {
  const current = join(folder, 'current');
  const index = join(folder, 'index');
  const digest = await readLink(join(current, 'link'));
  if (digest !== undefined && (await isLive(digest))) {
    await sweepDigestLinks(index, isLive, options);
    return false;
  }
  const outcome = await removeLink(current, options);
  if (outcome === 'kept') return false;
  await sweepDigestLinks(index, async () => false, options);
  if (!options.dryRun) await removeEmptyFolder(folder);
  return outcome === 'removed';
}

import type { Digest } from '@registry-cache/oci';
import { findLinkedDigest } from '../link-files.ts';
import { removeLink, sweepDigestLinks, type LinkOutcome } from './digest-links.ts';
import { diskCalls } from './disk-calls.ts';
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
  let kept = 0;
  for await (const tag of entriesIn(folder)) {
    options.signal.throwIfAborted();
    const outcome = tag.isDirectory() ? await sweepTag(`${folder}/${tag.name}`, isLive, options) : 'kept';
    if (outcome === 'removed') removed += 1;
    if (outcome === 'kept') kept += 1;
  }
  if (kept === 0 && !options.dryRun) await removeEmptyFolder(folder);
  return removed;
}

async function sweepTag(
  folder: string,
  isLive: (digest: Digest) => Promise<boolean>,
  options: SweepOptions,
): Promise<LinkOutcome> {
  const current = `${folder}/current`;
  const text = await diskCalls.findText(`${current}/link`);
  const digest = text === undefined ? undefined : findLinkedDigest(text);
  if (digest !== undefined && (await isLive(digest))) {
    await sweepIndex(folder, isLive, options);
    return 'kept';
  }
  const outcome = await removeLink(current, options);
  if (outcome === 'kept') return outcome;
  await sweepIndex(folder, async () => false, options);
  if (!options.dryRun) await removeEmptyFolder(folder);
  return outcome;
}

async function sweepIndex(
  tagFolder: string,
  isLive: (digest: Digest) => Promise<boolean>,
  options: SweepOptions,
): Promise<void> {
  const index = `${tagFolder}/index`;
  // Only distribution writes one.
  if ((await diskCalls.findStats(index)) !== undefined) await sweepDigestLinks(index, isLive, options);
}

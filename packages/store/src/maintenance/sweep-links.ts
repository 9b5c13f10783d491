import { join } from 'node:path';
import type { Digest } from '@registry-cache/oci';
import { blobDataPath, type Layout } from '../layout.ts';
import { sweepDigestLinks } from './digest-links.ts';
import { diskCalls } from './disk-calls.ts';
import { removeEmptyFolder } from './empty-folder.ts';
import type { SweepOptions } from './sweep-options.ts';
import { sweepTags } from './sweep-tags.ts';
import { walkRepositories } from './walk-repositories.ts';

/** How many links of each kind went because their blob is gone. */
export interface SweptLinks {
  readonly layers: number;
  readonly revisions: number;
  readonly tags: number;
}

/**
 * Removes links whose blob is gone, and the folders of repositories that become empty by it. A link that a worker writes
 * again in the same instant may be lost; it is then a miss, and the upstream is asked. Files that are not part of the layout
 * are left alone, and keep their folder.
 */
export async function sweepLinks(layout: Layout, options: SweepOptions): Promise<SweptLinks> {
  const isLive = async (digest: Digest): Promise<boolean> =>
    (await diskCalls.findStats(`${layout.blobs}/${blobDataPath(digest)}`)) !== undefined;

  const swept = { layers: 0, revisions: 0, tags: 0 };
  for await (const repository of walkRepositories(layout)) {
    options.signal.throwIfAborted();
    const manifests = join(repository, '_manifests');
    swept.layers += await sweepDigestLinks(join(repository, '_layers'), isLive, options);
    swept.tags += await sweepTags(join(manifests, 'tags'), isLive, options);
    swept.revisions += await sweepDigestLinks(join(manifests, 'revisions'), isLive, options);
    if (options.dryRun) continue;
    await removeEmptyFolder(manifests);
    await removeEmptyFolder(join(repository, '_uploads'));
    await removeEmptyFolder(repository);
  }
  return swept;
}

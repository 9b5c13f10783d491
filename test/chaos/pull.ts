import { getBlob } from './blob-requests.ts';
import { getByDigest, getTag, type Manifest } from './manifest-requests.ts';
import type { Site, SiteRepository } from './scene.ts';
import type { Visitor } from './who-visits.ts';

/** As container engines do: the tag, what it refers to, then all blobs at once. */
export async function pull(visitor: Visitor, site: Site, repository: SiteRepository): Promise<void> {
  const root = await getTag(visitor, site, repository);
  if (root === undefined) return;
  const children = await Promise.all(
    root.manifests.map((digest) => getByDigest(visitor, site, repository, digest)),
  );
  const manifests = [root, ...children].filter((manifest): manifest is Manifest => manifest !== undefined);
  const digests = new Set(manifests.flatMap(({ blobs }) => blobs));
  const blobs = [...digests].flatMap((digest) => site.blobs.get(digest) ?? []);
  await Promise.all(blobs.map((blob) => getBlob(visitor, { site, repository, blob })));
}

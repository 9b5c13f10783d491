import { dirname } from 'node:path';
import type { Digest } from '@registry-cache/oci';
import { layerLinkPath, revisionLinkPath, tagLinkPath, type Layout, type Repository } from '../layout.ts';
import { diskCalls } from '../maintenance/disk-calls.ts';
import { removeEmptyFolder } from '../maintenance/empty-folder.ts';
import { removeBlobIf } from '../maintenance/remove-blob.ts';
import type { StoredBlob } from '../store.ts';
import { removeTagFolder } from '../tag-folder.ts';
import { createBlobLookup, type BlobLookup } from './blob-lookup.ts';
import { findLinkedElsewhere } from './linked-elsewhere.ts';
import type { ImageName } from './image-name.ts';
import { blobsOf, readImageTree } from './image-tree.ts';
import { findRemovalTarget, type RemovalTarget } from './removal-target.ts';
import { readRepository, type RepositoryContents } from './repository-contents.ts';
import type { RemovalReport } from './stored-image.ts';

/**
 * Removes a tag, or a manifest with all of its tags, and whatever only it needs: its manifests and blobs unless another image of the
 * repository names them, and their links. Of these, files stay that another repository has a link to. Undefined where there is no
 * such image. Pins are the caller's to heed: `findPinsInTheWay`.
 *
 * Safe beside running workers, proxies and the cleaner. A pull in flight reads to its end what it has opened; whatever it asks for
 * next is a miss. Links go before what they stand for, so that none leads nowhere when this is stopped half way.
 */
export async function removeImage(
  layout: Layout,
  { upstream, repository: name, reference }: ImageName,
  signal: AbortSignal,
): Promise<RemovalReport | undefined> {
  const repository = { upstream, name };
  const contents = await readRepository(layout, repository, signal);
  const target = findRemovalTarget(contents, reference);
  if (target === undefined) return undefined;

  const lookup = createBlobLookup(layout);
  const { own, going } = await findGoing(lookup, contents, target);
  const digests = [...going.manifests, ...going.blobs];
  const elsewhere = await findLinkedElsewhere(layout, repository, digests, signal);
  const stored = await findStored(lookup, [...own.manifests, ...own.blobs]);
  signal.throwIfAborted();
  await removeLinks(layout, repository, { tags: target.tags, ...going });
  const removed = await removeBlobs(
    layout,
    digests.filter((digest) => !elsewhere.has(digest)),
  );
  return reportOf(target, { own, stored, removed });
}

/** What no other image of the repository needs. */
interface Going {
  readonly manifests: ReadonlySet<Digest>;
  readonly blobs: ReadonlySet<Digest>;
}

async function findGoing(
  lookup: BlobLookup,
  { tags, revisions }: RepositoryContents,
  { digest, tags: goingTags, isCertain }: RemovalTarget,
): Promise<{ readonly own: Closure; readonly going: Going }> {
  const own = await closureOf(lookup, [digest]);
  const otherTags = [...tags].filter(([tag]) => !goingTags.includes(tag)).map(([, stored]) => stored.digest);
  const otherRevisions = [...revisions].filter((revision) => !own.manifests.has(revision));
  const kept = await closureOf(lookup, [...otherTags, ...otherRevisions], isCertain ? digest : undefined);
  return {
    own,
    going: { manifests: without(own.manifests, kept.manifests), blobs: without(own.blobs, kept.blobs) },
  };
}

type Closure = Going;

/** All that these manifests refer to, and they themselves, except one. */
async function closureOf(lookup: BlobLookup, roots: Iterable<Digest>, except?: Digest): Promise<Closure> {
  const manifests = new Set<Digest>();
  const blobs = new Set<Digest>();
  for (const root of roots) {
    for (const manifest of await readImageTree(lookup, root)) {
      if (manifest.digest === except) continue;
      manifests.add(manifest.digest);
      for (const blob of blobsOf(manifest)) blobs.add(blob.digest);
    }
  }
  return { manifests, blobs };
}

function without(digests: ReadonlySet<Digest>, others: ReadonlySet<Digest>): Set<Digest> {
  return new Set([...digests].filter((digest) => !others.has(digest)));
}

async function removeLinks(
  layout: Layout,
  repository: Repository,
  { tags, manifests, blobs }: Going & Pick<RemovalTarget, 'tags'>,
): Promise<void> {
  for (const tag of tags) {
    await removeTagFolder(dirname(dirname(`${layout.repositories}/${tagLinkPath(repository, tag)}`)));
  }
  const links = [
    ...[...manifests].map((digest) => revisionLinkPath(repository, digest)),
    ...[...blobs].map((digest) => layerLinkPath(repository, digest)),
  ];
  for (const link of links) {
    const path = `${layout.repositories}/${link}`;
    await diskCalls.unlinkFile(path);
    await removeEmptyFolder(dirname(path));
  }
}

/** Resolves with those that were there. */
async function removeBlobs(layout: Layout, digests: readonly Digest[]): Promise<Set<Digest>> {
  const removed = new Set<Digest>();
  for (const digest of digests) {
    if ((await removeBlobIf(layout, digest, () => true, false)) === 'removed') removed.add(digest);
  }
  return removed;
}

async function findStored(
  lookup: BlobLookup,
  digests: readonly Digest[],
): Promise<ReadonlyMap<Digest, StoredBlob>> {
  const found = await Promise.all(digests.map((digest) => lookup.findBlob(digest)));
  return new Map(found.filter((blob) => blob !== undefined).map((blob) => [blob.digest, blob]));
}

interface Removal {
  /** The image's. */
  readonly own: Closure;
  /** Of these, what was stored before. */
  readonly stored: ReadonlyMap<Digest, StoredBlob>;
  readonly removed: ReadonlySet<Digest>;
}

function reportOf({ tags }: RemovalTarget, { own, stored, removed }: Removal): RemovalReport {
  const manifests = [...removed].filter((digest) => own.manifests.has(digest)).length;
  return {
    tags: tags.length,
    manifests,
    blobs: removed.size - manifests,
    bytes: [...removed].reduce((sum, digest) => sum + (stored.get(digest)?.sizeBytes ?? 0), 0),
    sharedBlobs: [...own.blobs].filter((digest) => stored.has(digest) && !removed.has(digest)).length,
  };
}

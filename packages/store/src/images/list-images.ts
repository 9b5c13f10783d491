import type { Digest } from '@registry-cache/oci';
import type { Layout, Repository } from '../layout.ts';
import { batchesOf } from '../maintenance/batches.ts';
import { createBlobLookup, type BlobLookup } from './blob-lookup.ts';
import { describeImage, describeImageInDetail, type ImageRoot } from './describe-image.ts';
import type { ImageName } from './image-name.ts';
import { readRepository, readTag, type RepositoryContents } from './repository-contents.ts';
import { walkImageRepositories, type RepositoryWalkOptions } from './repository-walk.ts';
import { revisionLinkPath } from '../layout.ts';
import { diskCalls } from '../maintenance/disk-calls.ts';
import type { StoredImage, StoredImageDetail } from './stored-image.ts';

const MANIFESTS_UNDER_WAY = 32;

/**
 * Every image, repository by repository: its tags in alphabetical order, then manifests that are stored, and that no tag names and no
 * stored index refers to. Holds one repository in memory. What is stored or evicted meanwhile may or may not be in it.
 */
export async function* listImages(
  layout: Layout,
  options: RepositoryWalkOptions,
): AsyncGenerator<StoredImage> {
  for await (const repository of walkImageRepositories(layout, options)) {
    const lookup = createBlobLookup(layout);
    const contents = await readRepository(layout, repository, options.signal);
    const roots = rootsOf(repository, contents, await findUntagged(lookup, contents, options.signal));
    for await (const batch of batchesOf(roots, MANIFESTS_UNDER_WAY)) {
      options.signal.throwIfAborted();
      yield* await Promise.all(batch.map((root) => describeImage(lookup, root)));
    }
  }
}

/** Undefined where there is no such tag, or no such manifest is stored that the upstream has said this repository holds. */
export async function findImage(
  layout: Layout,
  { upstream, repository: name, reference }: ImageName,
  signal: AbortSignal,
): Promise<StoredImageDetail | undefined> {
  signal.throwIfAborted();
  const repository = { upstream, name };
  const lookup = createBlobLookup(layout);
  if (reference.kind === 'tag') {
    const tag = await readTag(layout, repository, reference.tag);
    return tag && describeImageInDetail(layout, lookup, { repository, tag: reference.tag, ...tag });
  }
  const { digest } = reference;
  const link = await diskCalls.findStats(`${layout.repositories}/${revisionLinkPath(repository, digest)}`);
  if (link === undefined || (await lookup.findManifest(digest)) === undefined) return undefined;
  return describeImageInDetail(layout, lookup, {
    repository,
    tag: undefined,
    digest,
    confirmedAtMs: undefined,
  });
}

/** Stored manifests that no tag names and no index of the repository refers to. */
async function findUntagged(
  lookup: BlobLookup,
  { tags, revisions }: RepositoryContents,
  signal: AbortSignal,
): Promise<Digest[]> {
  const named = new Set([...tags.values()].map(({ digest }) => digest));
  const untagged: Digest[] = [];
  for await (const batch of batchesOf(new Set([...revisions, ...named]), MANIFESTS_UNDER_WAY)) {
    signal.throwIfAborted();
    const manifests = await Promise.all(batch.map((digest) => lookup.findManifest(digest)));
    for (const [index, digest] of batch.entries()) {
      const manifest = manifests[index];
      if (manifest === undefined) continue;
      untagged.push(digest);
      for (const inner of manifest.manifests) named.add(inner.digest);
    }
  }
  return untagged.filter((digest) => !named.has(digest)).sort();
}

function rootsOf(
  repository: Repository,
  { tags }: RepositoryContents,
  untagged: readonly Digest[],
): ImageRoot[] {
  return [
    ...[...tags].map(([tag, stored]) => ({ repository, tag, ...stored })),
    ...untagged.map((digest) => ({ repository, tag: undefined, digest, confirmedAtMs: undefined })),
  ];
}

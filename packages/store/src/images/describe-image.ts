import type { Digest, Tag } from '@registry-cache/oci';
import { layerLinkPath, revisionLinkPath, type Layout, type Repository } from '../layout.ts';
import { readLink } from '../link-files.ts';
import type { StoredBlob } from '../store.ts';
import type { BlobLookup } from './blob-lookup.ts';
import { blobsOf, readImageTree, type TreeManifest } from './image-tree.ts';
import type { ImageBlob, StoredImage, StoredImageDetail, StoredManifest } from './stored-image.ts';

/** What an image is listed by. */
export interface ImageRoot {
  readonly repository: Repository;
  readonly tag: Tag | undefined;
  readonly digest: Digest;
  readonly confirmedAtMs: number | undefined;
}

/** What belongs to an image and is none, such as an attestation, in an index. */
const NO_PLATFORM = 'unknown/unknown';

export async function describeImage(lookup: BlobLookup, root: ImageRoot): Promise<StoredImage> {
  const tree = await readImageTree(lookup, root.digest);
  return summarize(root, await Promise.all(tree.map((manifest) => describeManifest(lookup, manifest))));
}

/** As `describeImage`, with all that it consists of. */
export async function describeImageInDetail(
  layout: Layout,
  lookup: BlobLookup,
  root: ImageRoot,
): Promise<StoredImageDetail> {
  const isLinked = async (linkPath: typeof layerLinkPath, digest: Digest): Promise<boolean> =>
    (await readLink(`${layout.repositories}/${linkPath(root.repository, digest)}`)) === digest;
  const tree = await readImageTree(lookup, root.digest);
  const manifests = await Promise.all(tree.map((manifest) => describeManifest(lookup, manifest)));
  return {
    ...summarize(root, manifests),
    manifests: await Promise.all(
      manifests.map(async (manifest) => ({
        ...manifest,
        isLinked: await isLinked(revisionLinkPath, manifest.digest),
        blobs: await Promise.all(
          manifest.blobs.map(async (blob) => ({
            ...blob,
            isLinked: await isLinked(layerLinkPath, blob.digest),
          })),
        ),
      })),
    ),
  };
}

type DescribedBlob = Omit<ImageBlob, 'isLinked'>;
type DescribedManifest = Omit<StoredManifest, 'blobs' | 'isLinked'> & {
  readonly blobs: readonly DescribedBlob[];
};

async function describeManifest(lookup: BlobLookup, manifest: TreeManifest): Promise<DescribedManifest> {
  const { digest, descriptor, found } = manifest;
  const config = found?.config;
  return {
    digest,
    mediaType: found?.mediaType ?? descriptor?.mediaType ?? '',
    platform:
      descriptor?.platform ??
      (config && isImageConfig(config.mediaType) ? await lookup.findPlatform(config.digest) : undefined),
    sizeBytes: found?.blob.sizeBytes ?? descriptor?.sizeBytes,
    isStored: found !== undefined,
    pulledAtMs: found && pulledAtMs(found.blob),
    blobs: await Promise.all(
      blobsOf(manifest).map(async ({ digest: blobDigest, mediaType, sizeBytes }) => {
        const blob = await lookup.findBlob(blobDigest);
        // One that has another size is damaged: the next pull has it fetched again.
        const isStored = blob !== undefined && (sizeBytes === undefined || sizeBytes === blob.sizeBytes);
        return {
          digest: blobDigest,
          mediaType,
          sizeBytes: sizeBytes ?? blob?.sizeBytes ?? 0,
          isStored,
          pulledAtMs: isStored ? pulledAtMs(blob) : undefined,
          filledAtMs: isStored ? blob.filledAtMs : undefined,
        };
      }),
    ),
  };
}

function summarize(
  { repository, tag, digest, confirmedAtMs }: ImageRoot,
  manifests: readonly DescribedManifest[],
): StoredImage {
  const stored = manifests.filter(({ isStored }) => isStored);
  const blobs = [
    ...new Map(
      stored.flatMap((manifest) => manifest.blobs.map((blob) => [blob.digest, blob] as const)),
    ).values(),
  ];
  const manifestBytes = sumOf(stored.map(({ sizeBytes = 0 }) => sizeBytes));
  const missing = blobs.filter(({ isStored }) => !isStored);
  const own = manifests[0];
  return {
    upstream: repository.upstream,
    repository: repository.name,
    tag,
    digest,
    mediaType: own?.isStored === true ? own.mediaType : '',
    sizeBytes: manifestBytes + sumOf(blobs.map(({ sizeBytes }) => sizeBytes)),
    storedBytes:
      manifestBytes + sumOf(blobs.filter(({ isStored }) => isStored).map(({ sizeBytes }) => sizeBytes)),
    platforms: [
      ...new Set(
        stored.flatMap(({ platform }) =>
          platform === undefined || platform === NO_PLATFORM ? [] : platform,
        ),
      ),
    ],
    missingBlobs: missing.length,
    state: stateOf(stored, own?.isStored === true, missing.length),
    pulledAtMs: own?.pulledAtMs,
    confirmedAtMs,
  };
}

function stateOf(
  stored: readonly DescribedManifest[],
  isRootStored: boolean,
  missingBlobs: number,
): StoredImage['state'] {
  if (!isRootStored) return 'evicted';
  const hasImage = stored.some(({ blobs, platform }) => blobs.length > 0 && platform !== NO_PLATFORM);
  return hasImage && missingBlobs === 0 ? 'complete' : 'partial';
}

/** A fill is a pull too. */
function pulledAtMs({ accessedAtMs, filledAtMs }: StoredBlob): number {
  return Math.max(accessedAtMs, filledAtMs);
}

function isImageConfig(mediaType: string): boolean {
  return mediaType === OCI_CONFIG || mediaType === DOCKER_CONFIG;
}

const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

import {
  describeManifest,
  digestAlgorithm,
  digestOf,
  findPlatform,
  MAX_MANIFEST_BYTES,
  RegistryError,
  type Digest,
  type ManifestDescription,
} from '@registry-cache/oci';
import { blobDataPath, type Layout } from '../layout.ts';
import { diskCalls } from '../maintenance/disk-calls.ts';
import type { StoredBlob } from '../store.ts';

/** A manifest that is stored, and is what its digest says. */
export interface FoundManifest extends ManifestDescription {
  readonly blob: StoredBlob;
}

/**
 * What there is of blobs, each looked at once: one lookup is for as much as should be in memory together, such as a repository.
 * Looking at a blob does not make it look used.
 */
export interface BlobLookup {
  findBlob(digest: Digest): Promise<StoredBlob | undefined>;
  /** Undefined too for what a worker would not serve as a manifest: it is damaged, or something else. */
  findManifest(digest: Digest): Promise<FoundManifest | undefined>;
  /** `linux/amd64`, as the config of an image says. */
  findPlatform(config: Digest): Promise<string | undefined>;
}

export function createBlobLookup(layout: Layout): BlobLookup {
  const lookup: BlobLookup = {
    findBlob: once((digest) => findBlob(layout, digest)),
    findManifest: once(async (digest) => {
      const blob = await lookup.findBlob(digest);
      if (blob === undefined) return undefined;
      const bytes = await readBlob(layout, blob);
      if (bytes === undefined || digestOf(bytes, digestAlgorithm(digest)) !== digest) return undefined;
      const description = describe(bytes);
      return description && { ...description, blob };
    }),
    findPlatform: once(async (config) => {
      const blob = await lookup.findBlob(config);
      const bytes = blob && (await readBlob(layout, blob));
      return bytes && platformOf(bytes);
    }),
  };
  return lookup;
}

function once<T>(find: (digest: Digest) => Promise<T>): (digest: Digest) => Promise<T> {
  const found = new Map<Digest, Promise<T>>();
  return (digest) => {
    const known = found.get(digest) ?? find(digest);
    found.set(digest, known);
    return known;
  };
}

async function findBlob(layout: Layout, digest: Digest): Promise<StoredBlob | undefined> {
  const file = await diskCalls.findStats(`${layout.blobs}/${blobDataPath(digest)}`);
  if (file === undefined || !file.isFile()) return undefined;
  return {
    digest,
    sizeBytes: file.size,
    filledAtMs: Math.round(file.mtimeMs),
    accessedAtMs: Math.round(file.atimeMs),
  };
}

/** Undefined where it is too long to be looked into, or was evicted meanwhile. */
async function readBlob(layout: Layout, { digest, sizeBytes }: StoredBlob): Promise<Buffer | undefined> {
  if (sizeBytes > MAX_MANIFEST_BYTES) return undefined;
  return diskCalls.findBytes(`${layout.blobs}/${blobDataPath(digest)}`);
}

function describe(bytes: Uint8Array): ManifestDescription | undefined {
  try {
    return describeManifest(bytes);
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

function platformOf(config: Buffer): string | undefined {
  try {
    return findPlatform(JSON.parse(config.toString('utf8')));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

import {
  digestAlgorithm,
  digestOf,
  MAX_MANIFEST_BYTES,
  parseManifest,
  RegistryError,
  type CacheOutcome,
  type Digest,
  type Manifest,
} from '@registry-cache/oci';
import type { Repository, Store } from '@registry-cache/store';
import type { DamagedBlobs } from './damaged-blobs.ts';
import type { ManifestMemory, VerifiedManifest } from './manifest-memory.ts';
import { createSingleFlight } from './single-flight.ts';
import { UpstreamError } from './upstream/upstream-error.ts';
import type { UpstreamManifest, UpstreamRegistry } from './upstream/upstream-registry.ts';

export interface Manifests {
  /** @throws {RegistryError} `MANIFEST_UNKNOWN`; @throws {UpstreamError} */
  getByDigest(
    repository: Repository,
    digest: Digest,
  ): Promise<{ manifest: VerifiedManifest; outcome: CacheOutcome }>;

  /** The manifest where it is stored and was said to be in this repository. */
  findLinked(repository: Repository, digest: Digest): Promise<VerifiedManifest | undefined>;

  /**
   * Verifies what the upstream sent and stores it for this repository.
   *
   * @param expected what the bytes must be; for a manifest fetched by tag, what the upstream says they are, if it does
   */
  keep(
    repository: Repository,
    manifest: UpstreamManifest,
    expected: Digest | undefined,
  ): Promise<VerifiedManifest>;
}

export interface ManifestsOptions {
  readonly store: Store;
  readonly upstream: UpstreamRegistry;
  readonly damaged: Pick<DamagedBlobs, 'expectSizes'>;
  readonly manifestMemory: ManifestMemory;
  /** Ends with the process, not with a client. */
  readonly signal: AbortSignal;
}

/** @see OCI distribution-spec, "Pulling manifests" */
export function createManifests(options: ManifestsOptions): Manifests {
  const { store, upstream, damaged, manifestMemory, signal } = options;
  const fetches = createSingleFlight<VerifiedManifest>();

  function remember(digest: Digest, bytes: Uint8Array, { mediaType, sizes }: Manifest): VerifiedManifest {
    const manifest = { digest, mediaType, bytes };
    manifestMemory.set(digest, manifest);
    damaged.expectSizes(sizes);
    return manifest;
  }

  async function findStored(digest: Digest): Promise<VerifiedManifest | undefined> {
    // What was evicted from the disk is a miss, though it may still be in memory: otherwise it would be lost at a restart.
    if ((await store.findBlob(digest)) === undefined) return undefined;
    const known = manifestMemory.get(digest);
    if (known !== undefined) return known;
    const bytes = await store.readBlob(digest, MAX_MANIFEST_BYTES);
    if (bytes === undefined || digestOf(bytes, digestAlgorithm(digest)) !== digest) return undefined;
    const parsed = findManifest(bytes);
    return parsed === undefined ? undefined : remember(digest, bytes, parsed);
  }

  async function findLinked(repository: Repository, digest: Digest): Promise<VerifiedManifest | undefined> {
    const manifest = await findStored(digest);
    return manifest !== undefined && (await store.hasRevisionLink(repository, digest)) ? manifest : undefined;
  }

  async function keep(
    repository: Repository,
    { bytes, digest: said }: UpstreamManifest,
    expected: Digest | undefined = said,
  ): Promise<VerifiedManifest> {
    const digest = digestOf(bytes, expected === undefined ? 'sha256' : digestAlgorithm(expected));
    if (expected !== undefined && digest !== expected) {
      throw new UpstreamError(
        'invalid',
        `manifest of ${repository.upstream}/${repository.name} does not match its digest: expected ${expected}, got ${digest}`,
      );
    }
    const parsed = parseFetched(bytes, repository);
    await store.putBlob(repository.upstream, digest, bytes);
    await store.linkRevision(repository, digest);
    return remember(digest, bytes, parsed);
  }

  function fetchOnce(repository: Repository, digest: Digest): Promise<VerifiedManifest> {
    return fetches.run(`${repository.name}@${digest}`, async () => {
      const fetched = await upstream.manifestGet(repository.name, { kind: 'digest', digest }, { signal });
      if (fetched === undefined) throw new RegistryError('MANIFEST_UNKNOWN');
      return keep(repository, fetched, digest);
    });
  }

  return {
    findLinked,
    keep,

    async getByDigest(repository, digest) {
      const manifest = await findStored(digest);
      if (manifest === undefined) {
        return { manifest: await fetchOnce(repository, digest), outcome: 'miss' };
      }
      if (await store.hasRevisionLink(repository, digest)) return { manifest, outcome: 'hit' };
      const head = await upstream.manifestHead(repository.name, { kind: 'digest', digest }, { signal });
      if (head === undefined) throw new RegistryError('MANIFEST_UNKNOWN');
      // An upstream that refuses HEAD has proved nothing.
      if (head.digest !== digest) return { manifest: await fetchOnce(repository, digest), outcome: 'miss' };
      await store.linkRevision(repository, digest);
      return { manifest, outcome: 'revalidated' };
    },
  };
}

/** A stored blob may be no manifest at all: whoever asks for it as one is told by the upstream. */
function findManifest(bytes: Uint8Array): Manifest | undefined {
  try {
    return parseManifest(bytes);
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

/** An upstream that answers 200 with a login page is at fault, not whoever asked. */
function parseFetched(bytes: Uint8Array, { upstream, name }: Repository): Manifest {
  try {
    return parseManifest(bytes);
  } catch (cause) {
    throw new UpstreamError('invalid', `${upstream}/${name}: the upstream sent what is no manifest`, {
      cause,
    });
  }
}

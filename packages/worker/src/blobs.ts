import { Readable } from 'node:stream';
import { RegistryError, type CacheOutcome, type Digest } from '@registry-cache/oci';
import type { Repository, Store, StoredBlob } from '@registry-cache/store';
import type { Answer } from './answer/answer.ts';
import type { BlobWindows } from './fill/blob-windows.ts';
import type { DamagedBlobs } from './damaged-blobs.ts';
import type { FillRange } from './fill/fill-reader.ts';
import type { Fill } from './fill/fill.ts';
import type { Fills, RunningFill } from './fill/fills.ts';
import type { PullRequest } from './pull-request.ts';
import { createSingleFlight } from './single-flight.ts';
import type { UpstreamRegistry } from './upstream/upstream-registry.ts';

export interface Blobs {
  /**
   * The blob's bytes: from the store, from the fill that runs, or from a fill that this begins. A stored blob the proxy sends itself
   * where it can (`accel`).
   */
  get(repository: Repository, digest: Digest, how: Pick<PullRequest, 'accel' | 'paced'>): Promise<Answer>;
  /** What a GET would say, without fetching the blob. */
  head(repository: Repository, digest: Digest, accel: boolean): Promise<Answer>;
}

export interface BlobsOptions {
  readonly store: Store;
  readonly upstream: UpstreamRegistry;
  readonly fills: Fills;
  readonly windows: BlobWindows;
  readonly damaged: DamagedBlobs;
  /** Ends with the process, not with a client: what is asked of the upstream serves everyone who waits for it. */
  readonly signal: AbortSignal;
}

/**
 * A blob is one file however many repositories and upstreams hold it, but it is served for a repository only after that
 * upstream said that this repository holds it: by sending it, or in answer to a HEAD.
 *
 * @see OCI distribution-spec, "Pulling blobs"
 */
export function createBlobs({ store, upstream, fills, windows, damaged, signal }: BlobsOptions): Blobs {
  const proofs = createSingleFlight<void>();

  /** @throws {RegistryError} `BLOB_UNKNOWN` when the upstream says that the repository does not hold the blob. */
  function proveAccess(repository: Repository, digest: Digest): Promise<void> {
    return proofs.run(`${repository.name}@${digest}`, async () => {
      const head = await upstream.blobHead(repository.name, digest, { signal });
      if (head === undefined) throw new RegistryError('BLOB_UNKNOWN');
    });
  }

  async function findIntact(digest: Digest): Promise<StoredBlob | undefined> {
    const blob = await store.findBlob(digest);
    return blob === undefined || (await damaged.removeIfUnexpected(blob)) ? undefined : blob;
  }

  /** Whether a stored blob is the repository's, by its link or by what the upstream says now. */
  async function proveLink(repository: Repository, digest: Digest): Promise<'hit' | 'revalidated'> {
    if (await store.hasLayerLink(repository, digest)) return 'hit';
    await proveAccess(repository, digest);
    await store.linkLayer(repository, digest);
    return 'revalidated';
  }

  function storedBlob({ digest, sizeBytes }: StoredBlob, outcome: CacheOutcome): Answer {
    return { kind: 'stored-blob', digest, sizeBytes, accelPath: store.accelPath(digest), outcome };
  }

  async function stored(repository: Repository, blob: StoredBlob, accel: boolean): Promise<Answer> {
    const { digest, sizeBytes } = blob;
    const outcome = await proveLink(repository, digest);
    if (accel) return storedBlob(blob, outcome);
    const read = (range: FillRange): Readable => Readable.from(readStored(store, digest, sizeBytes, range));
    return { kind: 'blob-stream', digest, sizeBytes, outcome, read };
  }

  function streamOf({ name }: Repository, fill: Fill, outcome: 'miss' | 'collapsed', paced: boolean): Answer {
    const { digest, sizeBytes } = fill;
    const read = (range: FillRange): Readable =>
      paced ? fill.read(range, paced) : windows.read(fill, { upstream, name }, range);
    return { kind: 'blob-stream', digest, sizeBytes, outcome, read };
  }

  /** Undefined where the fill has ended by the time that the repository may have it: then everything is to be looked at again. */
  async function join(
    repository: Repository,
    running: RunningFill,
    digest: Digest,
  ): Promise<Fill | undefined> {
    const isSame = running.repository.name === repository.name;
    if (isSame && running.upstream === upstream) return running.started;
    // Where another asker began it, whoever let this one in knows that it may read this repository.
    if (!isSame) await proveAccess(repository, digest);
    if (fills.find(digest) !== running) return undefined;
    if (!isSame) running.linkAlso(repository);
    // The other repository may not hold the blob, or be denied to who asked: that says nothing about this one.
    return running.started.catch(() => undefined);
  }

  async function get(
    repository: Repository,
    digest: Digest,
    how: Pick<PullRequest, 'accel' | 'paced'>,
  ): Promise<Answer> {
    // A running fill comes first: its blob may be in the store already, but not its links.
    const running = fills.find(digest);
    if (running !== undefined) {
      const fill = await join(repository, running, digest);
      if (fill === undefined) return get(repository, digest, how);
      running.joined();
      return streamOf(repository, fill, 'collapsed', how.paced);
    }
    const blob = await findIntact(digest);
    if (blob !== undefined) return stored(repository, blob, how.accel);
    // Asked again, with nothing awaited before the start: whoever comes second joins.
    const begun = fills.find(digest);
    if (begun !== undefined) return get(repository, digest, how);
    return streamOf(repository, await fills.start({ upstream, repository, digest }), 'miss', how.paced);
  }

  return {
    get,

    async head(repository, digest, accel) {
      const blob = await findIntact(digest);
      if (blob !== undefined) {
        const outcome = await proveLink(repository, digest);
        return accel
          ? storedBlob(blob, outcome)
          : { kind: 'blob-head', digest, sizeBytes: blob.sizeBytes, outcome };
      }
      const head = await upstream.blobHead(repository.name, digest, { signal });
      if (head === undefined) throw new RegistryError('BLOB_UNKNOWN');
      return { kind: 'blob-head', digest, sizeBytes: head.sizeBytes, outcome: 'forwarded' };
    },
  };
}

/** Opens the file when the reader comes for it, so that an answer nobody reads holds nothing. */
async function* readStored(
  store: Store,
  digest: Digest,
  sizeBytes: number,
  { start, end = sizeBytes }: FillRange,
): AsyncGenerator<Uint8Array, void, void> {
  const blob = await store.openBlob(digest);
  if (blob === undefined) throw new Error(`blob ${digest} was evicted before it could be read`);
  try {
    yield* blob.read(start, end - 1);
  } finally {
    await blob.close();
  }
}

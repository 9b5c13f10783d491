import type { Digest } from '@registry-cache/oci';
import type { Repository } from '@registry-cache/store';
import type { FetchRest } from './fill-reader.ts';
import { fetchUnstored } from './unstored-blob.ts';
import type { BlobRange, UpstreamBlob, UpstreamRegistry } from '../upstream/upstream-registry.ts';

/** Where the bytes of one blob come from. */
export interface BlobSource {
  /** Undefined where the upstream says 404. */
  readonly get: (range: BlobRange | undefined) => Promise<UpstreamBlob | undefined>;
  /** For readers whose bytes are not stored, of a blob that they were told has `sizeBytes`. */
  readonly fetchRest: (sizeBytes: number | undefined) => FetchRest;
}

export interface BlobSourceOptions {
  readonly upstream: UpstreamRegistry;
  readonly repository: Repository;
  readonly digest: Digest;
  /** Of the fill; what is fetched for one reader ends with that reader. */
  readonly signal: AbortSignal;
}

export function createBlobSource({ upstream, repository, digest, signal }: BlobSourceOptions): BlobSource {
  const get = (range: BlobRange | undefined, until: AbortSignal): Promise<UpstreamBlob | undefined> =>
    upstream.blobGet(repository.name, digest, { signal: until, ...(range === undefined ? {} : { range }) });
  return {
    get: (range) => get(range, signal),
    fetchRest: (sizeBytes) => (range, verifier, until) =>
      fetchUnstored({
        get: (part) => get(part, until),
        ...range,
        ...(sizeBytes === undefined ? {} : { sizeBytes }),
        ...(verifier === undefined ? {} : { verifier }),
      }),
  };
}

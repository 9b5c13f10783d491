import type { Digest } from '@registry-cache/oci';

/** A blob, or a manifest, that is no longer stored. */
export interface RemovedBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

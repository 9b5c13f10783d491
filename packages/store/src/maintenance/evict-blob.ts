import type { Digest } from '@registry-cache/oci';
import type { Layout } from '../layout.ts';
import { removeBlobIf, type RemovalOutcome } from './remove-blob.ts';

export interface EvictionCandidate {
  readonly digest: Digest;
  /** The access time that made it a candidate. */
  readonly accessedAtMs: number;
}

/** Removes one blob, as `removeBlobIf` does, unless it was used after the candidate was seen. */
export function evictBlob(
  layout: Layout,
  { digest, accessedAtMs }: EvictionCandidate,
  dryRun: boolean,
): Promise<RemovalOutcome> {
  return removeBlobIf(layout, digest, (times) => times.accessedAtMs === accessedAtMs, dryRun);
}

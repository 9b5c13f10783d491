import type { Digest } from '@registry-cache/oci';
import { LRUCache } from 'lru-cache';

/** A manifest whose bytes are what its digest says. */
export interface VerifiedManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** Manifests by digest, whoever asks for them: that one is here says nothing about who may have it. */
export type ManifestMemory = LRUCache<Digest, VerifiedManifest>;

// Manifests have some KiB each, and a fleet pulls the same few at a time.
const MEMORY_BYTES = 8 * 1024 * 1024;

export function createManifestMemory(): ManifestMemory {
  return new LRUCache({ maxSize: MEMORY_BYTES, sizeCalculation: ({ bytes }) => bytes.byteLength + 256 });
}

import type { Digest } from '@registry-cache/oci';
import { LRUCache } from 'lru-cache';

/** One of the caches of a chain, by its position, or the origin. */
export type Place = number | 'origin';

/** Which place sent what of a blob lately. It may forget, and never costs more memory than a bound. */
export interface ChainMemory {
  /** A place begins to send. */
  sends(place: Place, digest: Digest, etag: string | undefined): void;
  /** Whether a place's last answer came with this validator. */
  hasSent(place: Place, digest: Digest, etag: string): boolean;
  /** A place did not come to the end. */
  brokeOff(place: Place, digest: Digest): void;
  /** The last place that broke off, a moment ago. */
  findBrokenOff(digest: Digest): Place | undefined;
  /** Those that sent any of the blob in the last hour. From now on, they have not. */
  forgetSenders(digest: Digest): readonly Place[];
}

export interface ChainMemoryOptions {
  readonly now: () => number;
}

interface Memory {
  readonly senders: Map<Place, { readonly atMs: number; readonly etag: string | undefined }>;
  brokenOff: { readonly atMs: number; readonly place: Place } | undefined;
}

const MAX_BLOBS = 10_000;
const SENDERS_FOR_MS = 60 * 60_000;
// The rest is asked for within seconds, and the place may do again later.
const BROKEN_OFF_FOR_MS = 60_000;

export function createChainMemory({ now }: ChainMemoryOptions): ChainMemory {
  const blobs = new LRUCache<Digest, Memory>({ max: MAX_BLOBS });

  function memoryOf(digest: Digest): Memory {
    const known = blobs.get(digest);
    if (known !== undefined) return known;
    const memory: Memory = { senders: new Map(), brokenOff: undefined };
    blobs.set(digest, memory);
    return memory;
  }

  return {
    sends(place, digest, etag) {
      memoryOf(digest).senders.set(place, { atMs: now(), etag });
    },
    hasSent: (place, digest, etag) => blobs.get(digest)?.senders.get(place)?.etag === etag,
    brokeOff(place, digest) {
      memoryOf(digest).brokenOff = { atMs: now(), place };
    },
    findBrokenOff(digest) {
      const brokenOff = blobs.get(digest)?.brokenOff;
      return brokenOff !== undefined && now() < brokenOff.atMs + BROKEN_OFF_FOR_MS
        ? brokenOff.place
        : undefined;
    },
    forgetSenders(digest) {
      const senders = blobs.get(digest)?.senders ?? new Map();
      blobs.delete(digest);
      return [...senders].filter(([, { atMs }]) => now() < atMs + SENDERS_FOR_MS).map(([place]) => place);
    },
  };
}

import { createHash } from 'node:crypto';
import { digestOf, parseDigest, type Digest } from '@registry-cache/oci';
import { pseudoRandomBytes } from './pseudo-random.ts';

/** Bytes with a digest. */
export interface Content {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Bytes `start` to `end` (exclusive); all of them unless told. */
  read(start?: number, end?: number): Iterable<Uint8Array>;
}

/** A manifest: short enough to be kept. */
export interface ManifestContent extends Content {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export function contentOfBytes(bytes: Uint8Array): Content {
  return {
    digest: digestOf(bytes),
    sizeBytes: bytes.length,
    *read(start = 0, end = bytes.length) {
      yield bytes.subarray(start, end);
    },
  };
}

/** Content that is made anew on every read. The same seed and size give the same bytes. */
export function contentOfSeed(seed: string, sizeBytes: number): Content {
  const hash = createHash('sha256');
  for (const chunk of pseudoRandomBytes(seed, 0, sizeBytes)) hash.update(chunk);
  return {
    digest: parseDigest(`sha256:${hash.digest('hex')}`),
    sizeBytes,
    read: (start = 0, end = sizeBytes) => pseudoRandomBytes(seed, start, end),
  };
}

export function manifestOf(document: {
  readonly mediaType: string;
  readonly [field: string]: unknown;
}): ManifestContent {
  const bytes = Buffer.from(JSON.stringify(document, undefined, 2));
  return { ...contentOfBytes(bytes), mediaType: document.mediaType, bytes };
}

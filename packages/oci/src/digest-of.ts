import { createHash } from 'node:crypto';
import type { Digest, DigestAlgorithm } from './digest.ts';

/** The digest of bytes that are in memory; a blob on its way to disk is hashed while it streams. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
}

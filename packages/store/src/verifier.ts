import { createHash, type Hash } from 'node:crypto';
import { digestAlgorithm, type Digest } from '@registry-cache/oci';
import { DigestMismatchError } from './digest-mismatch.ts';

/** Decides whether bytes that come one after the other are what their digest says. */
export interface Verifier {
  readonly sizeBytes: number;
  update(chunk: Uint8Array): void;
  /** @throws {DigestMismatchError} for the bytes so far; more may follow. */
  verify(): void;
  /** Goes its own way from here on. */
  copy(): Verifier;
}

export function createVerifier(digest: Digest): Verifier {
  return verifierOf(digest, createHash(digestAlgorithm(digest)), 0);
}

function verifierOf(digest: Digest, hash: Hash, alreadyBytes: number): Verifier {
  let sizeBytes = alreadyBytes;
  return {
    get sizeBytes() {
      return sizeBytes;
    },
    update(chunk) {
      hash.update(chunk);
      sizeBytes += chunk.byteLength;
    },
    verify() {
      const actual = `${digestAlgorithm(digest)}:${hash.copy().digest('hex')}`;
      if (actual !== digest) throw new DigestMismatchError(digest, actual, sizeBytes);
    },
    copy: () => verifierOf(digest, hash.copy(), sizeBytes),
  };
}

import type { Digest } from '@registry-cache/oci';

/** The bytes are not what their digest says: they are never published. */
export class DigestMismatchError extends Error {
  override readonly name = 'DigestMismatchError';
  readonly expected: Digest;
  readonly actual: string;

  constructor(expected: Digest, actual: string, sizeBytes: number) {
    super(`content does not match its digest: expected ${expected}, got ${actual} after ${sizeBytes} bytes`);
    this.expected = expected;
    this.actual = actual;
  }
}

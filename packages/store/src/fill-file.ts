import type { Verifier } from './verifier.ts';

/** The bytes of a blob on their way from an upstream to the store. Writes go in order, one at a time. */
export interface FillFile {
  /** How many bytes are there. */
  readonly sizeBytes: number;

  /** The chunks must not change any more. Where some of them could not be written, none counts. */
  append(...chunks: readonly Uint8Array[]): Promise<void>;

  /** Reads bytes that were appended before, also after `publish`. Returns fewer than asked only at the end of what is there. */
  read(buffer: Uint8Array, position: number): Promise<number>;

  /** @throws {DigestMismatchError} when the bytes so far are not what the digest says. */
  verify(): void;

  /** Has seen the bytes so far, and is the caller's own: for bytes that will not be appended. */
  verifier(): Verifier;

  /** Verifies, then makes the blob visible by one rename. The file stays readable until `close`. */
  publish(): Promise<void>;

  /** Removes the file; what is open stays readable until `close`. */
  discard(): Promise<void>;

  /** Nothing more will be appended: `Store.adoptFill` may have what is there. It stays readable until `close`. */
  leave(): void;

  /** A file that was neither published nor discarded is left as it is. */
  close(): Promise<void>;
}

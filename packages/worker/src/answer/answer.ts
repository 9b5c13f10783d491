import type { Readable } from 'node:stream';
import type { CacheOutcome, Digest } from '@registry-cache/oci';
import type { FillRange } from '../fill/fill-reader.ts';

/**
 * What the worker has to say, before it is written in HTTP. `repeatForSeconds` is how long the proxy may give the same answer to
 * the same request without asking; left out, or less than 1, where it may not.
 */
export type Answer = AnswerOfKind & {
  /** How long the upstream was waited for until it began to answer, with what the disk took meanwhile; left out where it was not asked. */
  readonly upstreamMs?: number;
};

type AnswerOfKind =
  /** A small document: a manifest, a list. */
  | {
      readonly kind: 'document';
      readonly bytes: Uint8Array;
      readonly outcome: CacheOutcome;
      readonly headers: Readonly<Record<string, string>>;
      readonly repeatForSeconds?: number;
    }
  /** A blob in the store: the proxy sends the file itself. */
  | {
      readonly kind: 'stored-blob';
      readonly digest: Digest;
      readonly sizeBytes: number;
      readonly accelPath: string;
      readonly outcome: CacheOutcome;
      readonly repeatForSeconds?: number;
    }
  /** A blob that this process sends: one that is still being filled, or that the proxy could not find. */
  | {
      readonly kind: 'blob-stream';
      readonly digest: Digest;
      readonly sizeBytes: number | undefined;
      readonly outcome: CacheOutcome;
      readonly read: (range: FillRange) => Readable;
    }
  /** All there is to say of a blob that nobody has asked the bytes of. */
  | {
      readonly kind: 'blob-head';
      readonly digest: Digest;
      readonly sizeBytes: number | undefined;
      readonly outcome: CacheOutcome;
    };

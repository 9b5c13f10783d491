import type { Verifier } from '@registry-cache/store';
import { endedEarly } from './transfer-blob.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import type { BlobRange, UpstreamBlob } from '../upstream/upstream-registry.ts';

export interface UnstoredOptions {
  readonly get: (range: BlobRange | undefined) => Promise<UpstreamBlob | undefined>;
  readonly start: number;
  /** Behind the last byte; left out for the blob's end. */
  readonly end?: number;
  /** What the reader was told that the whole blob has; left out where nobody knows. It gets no more, and not the last byte on trust. */
  readonly sizeBytes?: number;
  /** Has seen the bytes before `start`; left out for a part, which nobody but its client can verify. */
  readonly verifier?: Verifier;
}

/**
 * Bytes of a blob straight from the upstream, for one reader, when our disk cannot take them. The last piece is held back
 * until the whole was verified, as that of a fill is.
 *
 * @throws {UpstreamError}, and what `Verifier.verify` throws
 */
export async function* fetchUnstored(options: UnstoredOptions): AsyncGenerator<Uint8Array, void, void> {
  const { get, start, end = Infinity, sizeBytes = Infinity, verifier } = options;
  const stop = Math.min(end, sizeBytes);
  const blob = await get(
    start === 0 && end === Infinity ? undefined : { start, ...(end === Infinity ? {} : { end }) },
  );
  if (blob === undefined)
    throw new UpstreamError('invalid', 'the upstream removed the blob while it was being fetched');
  let position = blob.start;
  let held: Uint8Array | undefined;
  try {
    for await (const chunk of blob.body as AsyncIterable<Uint8Array>) {
      const wanted = chunk.subarray(Math.max(0, start - position), Math.max(0, stop - position));
      position += chunk.byteLength;
      if (wanted.byteLength > 0) {
        verifier?.update(wanted);
        if (held !== undefined) yield held;
        held = wanted;
      }
      if (position >= stop) break;
    }
    if (position < stop && stop !== Infinity) throw endedEarly(position, stop);
    verifier?.verify();
    if (held !== undefined) yield held;
  } finally {
    blob.body.destroy();
  }
}

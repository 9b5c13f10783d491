import type { BlobReader, OpenBlob } from '@registry-cache/store/read';

/** The file of a blob could not be read up to the byte that it should have: it was truncated, or the disk fails. */
export class DamagedBlobError extends Error {
  override readonly name = 'DamagedBlobError';
}

// What the fast ones may hold in memory, twice 512 KiB each, is worth its speed for so many at once.
const FAST_READS = 64;
const FAST_WINDOW_BYTES = 8 * 1024 * 1024;
const SMALL_WINDOW_BYTES = 64 * 1024;

/**
 * Opens blobs whose reads reject with a `DamagedBlobError` when it is the file that fails, and not the client.
 *
 * What readers hold in memory is bounded, however slowly they take it: 64 reads at a time have large chunks and read ahead, which
 * makes 64 MiB at most; each one beyond them holds 64 KiB.
 */
export function createGuardedBlobReader(blobs: BlobReader): BlobReader {
  let reads = 0;

  async function* read(blob: OpenBlob, start: number, end: number): AsyncGenerator<Uint8Array> {
    reads += 1;
    try {
      let position = start;
      while (position <= end) {
        const windowBytes = reads <= FAST_READS ? FAST_WINDOW_BYTES : SMALL_WINDOW_BYTES;
        const windowEnd = Math.min(end, position + windowBytes - 1);
        yield* blob.read(position, windowEnd);
        position = windowEnd + 1;
      }
    } catch (cause) {
      throw new DamagedBlobError('a stored blob could not be read to its end', { cause });
    } finally {
      reads -= 1;
    }
  }

  return {
    open: async (accelPath) => {
      const blob = await blobs.open(accelPath);
      if (blob === undefined) return undefined;
      return {
        sizeBytes: blob.sizeBytes,
        read: (start, end) => read(blob, start, end),
        close: () => blob.close(),
      };
    },
  };
}

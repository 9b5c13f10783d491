import type { BlobReader, OpenBlob } from '@registry-cache/store/read';
import { createBufferPool } from './buffer-pool.ts';
import { readByThreads, readNow, type Range } from './chunks.ts';
import { createRecentReads, WINDOW_BYTES } from './recent-reads.ts';

/** The file of a blob could not be read up to the byte that it should have: it was truncated, or the disk fails. */
export class DamagedBlobError extends Error {
  override readonly name = 'DamagedBlobError';
}

/** Opens blobs for sending. */
export interface GuardedBlobReader {
  /** As `BlobReader.open`. */
  open(accelPath: string): Promise<GuardedBlob | undefined>;
}

export interface GuardedBlob {
  readonly sizeBytes: number;
  /**
   * The bytes from `start` to `end`, both included. A chunk is good until the next one is asked for: its memory is used again.
   *
   * @throws {DamagedBlobError} when it is the file that fails
   */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

// What the fast ones may hold in memory, three times 256 KiB each, is worth its speed for so many at once.
const FAST_READS = 64;
// Over TLS, 256 KiB sends twice as many bytes per second as 64 KiB; more of it falls out of the processor's cache before it is sent.
const LARGE_CHUNK_BYTES = 256 * 1024;
const SMALL_CHUNK_BYTES = 64 * 1024;
/** Whose client takes less has its bytes lie in memory meanwhile, encrypted. */
const FAST_BYTES_PER_MS = 2 * 1024;
const FREE_BUFFERS = 16;

/**
 * What readers hold in memory is bounded, however slowly they take it. As long as there are no more than 64 at a time, which makes 48 MiB
 * at most, and their clients are fast, they have large chunks, and the next one is read ahead.
 *
 * @param now milliseconds of a clock that does not go back
 */
export function createGuardedBlobReader(
  blobs: BlobReader,
  now: () => number = () => performance.now(),
): GuardedBlobReader {
  const large = createBufferPool(LARGE_CHUNK_BYTES, FREE_BUFFERS);
  const small = createBufferPool(SMALL_CHUNK_BYTES, FREE_BUFFERS);
  const recent = createRecentReads(now);
  let reads = 0;

  async function* readWindow(
    { blob, accelPath }: OpenFile,
    window: Range,
    isFast: boolean,
  ): AsyncGenerator<Uint8Array> {
    const options = { pool: isFast ? large : small, readsAhead: isFast, now };
    let { start } = window;
    if (recent.has(accelPath, window)) start = yield* readNow(blob, window, options);
    yield* readByThreads(blob, { start, end: window.end }, options);
  }

  async function* read(file: OpenFile, range: Range): AsyncGenerator<Uint8Array> {
    reads += 1;
    try {
      let { start } = range;
      let isFast = reads <= FAST_READS && range.end - start >= SMALL_CHUNK_BYTES;
      // One chunk, by which its client is judged.
      let windowEnd = start + LARGE_CHUNK_BYTES - 1;
      while (start <= range.end) {
        const end = Math.min(range.end, isFast ? windowEnd : start + SMALL_CHUNK_BYTES - 1);
        const startedAtMs = now();
        yield* readWindow(file, { start, end }, isFast);
        recent.add(file.accelPath, { start: range.start, end }, file.blob.sizeBytes);
        isFast = reads <= FAST_READS && end - start + 1 >= (now() - startedAtMs) * FAST_BYTES_PER_MS;
        start = end + 1;
        windowEnd = endOfWindow(start);
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
        read: (start, end) => read({ blob, accelPath }, { start, end }),
        close: () => blob.close(),
      };
    },
  };
}

interface OpenFile {
  readonly blob: OpenBlob;
  readonly accelPath: string;
}

function endOfWindow(position: number): number {
  return (Math.floor(position / WINDOW_BYTES) + 1) * WINDOW_BYTES - 1;
}

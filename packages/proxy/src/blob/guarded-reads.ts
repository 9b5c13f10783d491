import type { BlobReader, OpenBlob } from '@registry-cache/store/read';
import { createBufferPool, type BufferPool } from './buffer-pool.ts';

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

// What the fast ones may hold in memory, twice 256 KiB each, is worth its speed for so many at once.
const FAST_READS = 64;
const FAST_WINDOW_BYTES = 8 * 1024 * 1024;
// Over TLS, 256 KiB sends twice as many bytes per second as 64 KiB; more of it falls out of the processor's cache before it is sent.
const FAST_CHUNK_BYTES = 256 * 1024;
const SMALL_CHUNK_BYTES = 64 * 1024;
const FREE_BUFFERS = 16;

/**
 * What readers hold in memory is bounded, however slowly they take it: 64 reads at a time have large chunks and read ahead, which
 * makes 32 MiB at most; each one beyond them holds 64 KiB.
 */
export function createGuardedBlobReader(blobs: BlobReader): GuardedBlobReader {
  const large = createBufferPool(FAST_CHUNK_BYTES, FREE_BUFFERS);
  const small = createBufferPool(SMALL_CHUNK_BYTES, FREE_BUFFERS);
  let reads = 0;

  async function* read(blob: OpenBlob, start: number, end: number): AsyncGenerator<Uint8Array> {
    reads += 1;
    try {
      let position = start;
      while (position <= end) {
        const isFast = reads <= FAST_READS && end - position >= SMALL_CHUNK_BYTES;
        const windowEnd = Math.min(end, position + (isFast ? FAST_WINDOW_BYTES : SMALL_CHUNK_BYTES) - 1);
        yield* readWindow(blob, { start: position, end: windowEnd }, isFast ? large : small);
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

interface Window {
  readonly start: number;
  readonly end: number;
}

/** One chunk is read ahead while the one before it is being sent. */
async function* readWindow(
  blob: OpenBlob,
  { start, end }: Window,
  pool: BufferPool,
): AsyncGenerator<Uint8Array> {
  const readFrom = (position: number): ReadAhead | undefined => {
    if (position > end) return undefined;
    const buffer = pool.take();
    const bytes = blob.readInto(buffer.subarray(0, Math.min(buffer.length, end - position + 1)), position);
    // Awaited only when the receiver comes back, which may be long after it has failed.
    bytes.catch(() => {});
    return { buffer, bytes };
  };
  let position = start;
  let ahead = readFrom(position);
  try {
    while (ahead !== undefined) {
      const { buffer, bytes } = ahead;
      const length = await bytes;
      position += length;
      ahead = readFrom(position);
      yield buffer.subarray(0, length);
      // Not reached where the receiver has left: what it may still be sending from is not used again.
      pool.give(buffer);
    }
  } finally {
    // A descriptor must not be closed, and so reused, under a read that is still running.
    await ahead?.bytes.catch(() => {});
  }
}

interface ReadAhead {
  readonly buffer: Buffer;
  readonly bytes: Promise<number>;
}

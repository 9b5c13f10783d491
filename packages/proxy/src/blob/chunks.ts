import type { OpenBlob } from '@registry-cache/store/read';
import type { BufferPool } from './buffer-pool.ts';

/** Bytes of a blob, both ends included. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface ChunkOptions {
  /** Of buffers as large as the chunks. */
  readonly pool: BufferPool;
  /** One chunk is read while the one before it is being sent. */
  readonly readsAhead: boolean;
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
}

// The kernel copies a chunk from its memory in a tenth of this.
const WAITED_MS = 2;

/**
 * Reads in this thread, and hands over to nobody for it. Ends early where a read had to wait for the disk, which must not stop
 * everything else again. Returns where the next byte is.
 */
export function* readNow(
  blob: OpenBlob,
  { start, end }: Range,
  { pool, now }: ChunkOptions,
): Generator<Uint8Array, number> {
  let position = start;
  while (position <= end) {
    const buffer = pool.take();
    const startedAtMs = now();
    const length = blob.readNow(upTo(buffer, end - position + 1), position);
    const hasWaited = now() - startedAtMs > WAITED_MS;
    position += length;
    yield buffer.subarray(0, length);
    // Not reached where the receiver has left: what it may still be sending from is not used again.
    pool.give(buffer);
    if (hasWaited) break;
  }
  return position;
}

/** Reads by libuv's threads, so that a disk may take its time. */
export async function* readByThreads(
  blob: OpenBlob,
  { start, end }: Range,
  { pool, readsAhead }: ChunkOptions,
): AsyncGenerator<Uint8Array> {
  const readFrom = (position: number): ReadAhead | undefined => {
    if (position > end) return undefined;
    const buffer = pool.take();
    const bytes = blob.readInto(upTo(buffer, end - position + 1), position);
    // Awaited only when the receiver comes back, which may be long after it has failed.
    bytes.catch(() => {});
    return { buffer, bytes };
  };
  let position = start;
  let ahead = readFrom(position);
  try {
    while (ahead !== undefined) {
      const { buffer, bytes }: ReadAhead = ahead;
      const length = await bytes;
      position += length;
      ahead = readsAhead ? readFrom(position) : undefined;
      yield buffer.subarray(0, length);
      pool.give(buffer);
      ahead ??= readFrom(position);
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

function upTo(buffer: Buffer, bytes: number): Buffer {
  return buffer.subarray(0, Math.min(buffer.length, bytes));
}

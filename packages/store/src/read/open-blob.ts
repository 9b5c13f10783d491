import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** A blob that stays readable until it is closed, even when it is evicted meanwhile. */
export interface OpenBlob {
  readonly sizeBytes: number;
  /**
   * The bytes from `start` to `end`, both included, in chunks of at most 512 KiB that belong to the receiver. Rejects when the
   * file ends before `end`.
   */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  /**
   * Reads into `target` what begins at byte `position`; resolves with how many bytes that were, at least one. Rejects at the end of
   * the file.
   */
  readInto(target: Uint8Array, position: number): Promise<number>;
  /** As `readInto`, in this thread: for what lies in the kernel's memory. @throws at the end of the file */
  readNow(target: Uint8Array, position: number): number;
  close(): Promise<void>;
}

// Over TLS, 256 KiB to 1 MiB sends twice as many bytes per second as the 64 KiB of a stream's default.
const CHUNK_BYTES = 512 * 1024;

/** Takes over the handle: it is closed by `close`. */
export function createOpenBlob(handle: FileHandle, sizeBytes: number): OpenBlob {
  return {
    sizeBytes,
    read: (start, end) => readChunks(handle, start, end),
    readInto: (target, position) => readInto(handle, target, position),
    readNow: (target, position) => {
      const bytesRead = readSync(handle.fd, target, 0, target.length, position);
      return atLeastOne(bytesRead, target, position);
    },
    close: () => handle.close(),
  };
}

/** One chunk is read ahead while the one before it is being sent. */
async function* readChunks(handle: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array> {
  let position = start;
  let ahead: Promise<Uint8Array> | undefined;
  try {
    while (position <= end) {
      const chunk = await (ahead ?? readChunk(handle, position, end));
      position += chunk.length;
      ahead = position <= end ? readChunk(handle, position, end) : undefined;
      // Awaited only when the receiver comes back, which may be long after it has failed.
      ahead?.catch(() => {});
      yield chunk;
    }
  } finally {
    // A descriptor must not be closed, and so reused, under a read that is still running.
    await ahead?.catch(() => {});
  }
}

async function readChunk(handle: FileHandle, position: number, end: number): Promise<Uint8Array> {
  const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, end - position + 1));
  return chunk.subarray(0, await readInto(handle, chunk, position));
}

async function readInto(handle: FileHandle, target: Uint8Array, position: number): Promise<number> {
  const { bytesRead } = await handle.read(target, 0, target.length, position);
  return atLeastOne(bytesRead, target, position);
}

function atLeastOne(bytesRead: number, target: Uint8Array, position: number): number {
  if (bytesRead === 0) {
    const end = position + target.length - 1;
    throw new Error(`blob ends at byte ${position}, expected bytes up to ${end}: its file was truncated`);
  }
  return bytesRead;
}

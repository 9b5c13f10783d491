import { Readable } from 'node:stream';
import type { FillFile, Verifier } from '@registry-cache/store';
import { asError } from './as-error.ts';
import type { FillProgress } from './fill-progress.ts';
import type { RecentBytes } from './recent-bytes.ts';

export interface FillRange {
  /** First byte. */
  readonly start: number;
  /** Behind the last byte; left out for the blob's end, which may not be known yet. */
  readonly end?: number;
}

/** Bytes that will not be in the file, straight from the upstream, until `signal`. */
export type FetchRest = (
  range: FillRange,
  verifier: Verifier | undefined,
  signal: AbortSignal,
) => AsyncGenerator<Uint8Array, void, void>;

export interface FillReaderOptions {
  readonly file: FillFile;
  /** The last bytes of the file. */
  readonly recent: Pick<RecentBytes, 'find'>;
  readonly progress: FillProgress;
  readonly range: FillRange;
  readonly fetchRest: FetchRest;
  /** Told how far it has come. */
  readonly onRead?: (position: number) => void;
  /** Called once, whether the reader came to its end, failed, or was destroyed. */
  readonly onClose: () => void;
}

// What a slow client may have waiting in memory; larger reads gained nothing over a unix socket.
const READ_BYTES = 256 * 1024;

/**
 * Follows a growing file at its own pace. The last byte is held back until the whole was verified: whoever has counted all
 * the bytes it was promised has the right ones. When the fill fails, the reader is destroyed with its error.
 */
export function createFillReader(options: FillReaderOptions): Readable {
  const { file, recent, progress, range, fetchRest, onRead, onClose } = options;
  const end = range.end ?? Infinity;
  const leaving = new AbortController();
  let position = range.start;
  let rest: AsyncGenerator<Uint8Array, void, void> | undefined;

  async function readNext(): Promise<Uint8Array | null> {
    while (position < end) {
      const { state } = progress;
      if (state.kind === 'failed') throw state.error;
      const readable = state.kind === 'filling' ? file.sizeBytes - 1 : file.sizeBytes;
      const length = Math.min(readable, end) - position;
      if (length > 0) return takeRecent(length) ?? readFile(length);
      if (state.kind === 'verified') return null;
      if (state.kind === 'unstored') return readRest();
      // Nothing was awaited since the state was looked at, so no change is missed.
      await progress.nextChange();
    }
    return null;
  }

  function takeRecent(length: number): Uint8Array | undefined {
    const bytes = recent.find(position)?.subarray(0, length);
    position += bytes?.byteLength ?? 0;
    return bytes;
  }

  async function readFile(length: number): Promise<Uint8Array> {
    const buffer = Buffer.allocUnsafe(Math.min(length, READ_BYTES));
    const bytesRead = await file.read(buffer, position);
    position += bytesRead;
    return buffer.subarray(0, bytesRead);
  }

  async function readRest(): Promise<Uint8Array | null> {
    const isWhole = range.start === 0 && range.end === undefined;
    rest ??= fetchRest({ ...range, start: position }, isWhole ? file.verifier() : undefined, leaving.signal);
    const next = await rest.next();
    return next.done === true ? null : next.value;
  }

  return new Readable({
    highWaterMark: READ_BYTES,
    read() {
      readNext().then(
        (chunk) => {
          onRead?.(position);
          this.push(chunk);
        },
        (error: unknown) => this.destroy(asError(error)),
      );
    },
    destroy(error, callback) {
      leaving.abort();
      onClose();
      callback(error);
    },
  });
}

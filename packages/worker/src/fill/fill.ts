import type { Readable } from 'node:stream';
import type { Digest } from '@registry-cache/oci';
import { DigestMismatchError, type FillFile } from '@registry-cache/store';
import { createFillProgress, type FillProgressSource } from './fill-progress.ts';
import { createFillReader, type FetchRest, type FillRange } from './fill-reader.ts';
import type { Pace } from './pace.ts';
import { createRecentBytes, type RecentBytes } from './recent-bytes.ts';
import { StorageError, storing } from '../storage-error.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';

/**
 * One blob on its way from the upstream to the store, and to everyone who asked for it meanwhile:
 *
 * 1. one transfer appends to one file, and resumes when it breaks off;
 * 2. any number of readers follow the growing file from wherever they want to begin, each at its own pace;
 * 3. all but the last byte can be read before the whole was verified, so no reader completes on wrong bytes;
 * 4. what was verified is published, and from then on found in the store; what is wrong is discarded, and readers fail; what
 *    is unfinished stays for the next fill;
 * 5. a disk that takes no more sends each reader to the upstream for the rest.
 */
export interface Fill {
  readonly digest: Digest;
  /** Missing where the upstream did not say. */
  readonly sizeBytes: number | undefined;
  readonly receivedBytes: number;
  /** How many streams of it are open. */
  readonly readers: number;
  /**
   * Whoever asks reads to the end or destroys the stream.
   *
   * @param paced whether the transfer should be no faster than this reader, as long as all its readers want that
   */
  read(range: FillRange, paced?: boolean): Readable;
  /** Resolves when the blob is in the store and nobody can join any more; rejects when it could not be filled or kept. */
  readonly finished: Promise<void>;
}

export interface FillOptions {
  readonly digest: Digest;
  readonly sizeBytes: number | undefined;
  readonly file: FillFile;
  /** Brings all bytes into the file, calling back with each of them that are there. */
  readonly transfer: (onBytes: (chunks: readonly Uint8Array[]) => void) => Promise<void>;
  readonly fetchRest: FetchRest;
  /** What the transfer is told of its readers. */
  readonly pace: Pick<Pace, 'join'>;
  /** Runs once the blob is in the store. */
  readonly onPublished: () => Promise<void>;
  /** Called when the last reader has left before the end. */
  readonly onDeserted: () => void;
  /** Called once, as soon as nobody may begin to read any more. */
  readonly onEnd: () => void;
}

export function startFill(options: FillOptions): Fill {
  const { digest, sizeBytes, file, fetchRest, pace } = options;
  const progress = createFillProgress();
  const recent = createRecentBytes();
  let readers = 0;
  let ended = false;
  const closeWhenUnused = (): void => {
    // What closing may fail at, as over a network, concerns nobody any more: what counts was synchronized before it was published.
    if (ended && readers === 0) file.close().catch(() => {});
  };
  const onReaderClose = (): void => {
    readers--;
    if (readers === 0 && !ended) options.onDeserted();
    closeWhenUnused();
  };

  const finished = run(options, progress, recent).finally(() => {
    ended = true;
    // Whoever has fallen behind has the file.
    recent.clear();
    closeWhenUnused();
  });
  // A failure reaches the readers; nobody is obliged to wait for `finished` as well.
  finished.catch(() => {});

  return {
    digest,
    sizeBytes,
    get receivedBytes() {
      return file.sizeBytes;
    },
    get readers() {
      return readers;
    },
    read(range, paced = false) {
      readers++;
      const reader = pace.join(range.start, paced);
      return createFillReader({
        file,
        recent,
        progress,
        range: wholeWithoutEnd(range, sizeBytes),
        fetchRest,
        onRead: reader.moved,
        onClose: () => {
          reader.leave();
          onReaderClose();
        },
      });
    },
    finished,
  };
}

async function run(
  { file, transfer, onPublished, onEnd }: FillOptions,
  progress: FillProgressSource,
  recent: RecentBytes,
): Promise<void> {
  try {
    await transfer((chunks) => {
      recent.keep(chunks, file.sizeBytes);
      progress.moved();
    });
    file.verify();
  } catch (error) {
    if (isWorthless(error) || file.sizeBytes === 0) await discard(file);
    file.leave();
    // Before the readers are told: whoever asks again begins anew.
    onEnd();
    progress.become(error instanceof StorageError ? { kind: 'unstored' } : { kind: 'failed', error });
    throw error;
  }
  progress.become({ kind: 'verified' });
  try {
    await storing('publish the blob', () => file.publish());
    await onPublished();
  } catch (error) {
    // Readers have every verified byte and are not harmed by a disk that cannot keep them.
    await discard(file);
    throw error;
  } finally {
    onEnd();
  }
}

/** A disk that has become read-only refuses this too: readers wait to be told of the end, and the cleaner sweeps what stays. */
async function discard(file: FillFile): Promise<void> {
  await file.discard().catch(() => {});
}

/** Whether nothing can come of the bytes that are there. A full disk has better uses for them too. */
function isWorthless(error: unknown): boolean {
  if (error instanceof DigestMismatchError || error instanceof StorageError) return true;
  return error instanceof UpstreamError && error.code === 'invalid';
}

/** A part that is the whole can be verified as a whole. */
function wholeWithoutEnd(range: FillRange, sizeBytes: number | undefined): FillRange {
  return range.start === 0 && range.end === sizeBytes ? { start: 0 } : range;
}

import type { Logger } from '@registry-cache/runtime';
import type { Layout, StoredBlob } from '@registry-cache/store';
import { limitBlobTimes } from '@registry-cache/store/maintenance';

/** Blobs of a time that is still to come: they were stored before the clock was set back. */
export interface AheadBlobs {
  add(blob: StoredBlob): void;
  /**
   * Has them count as stored now, since they do not expire and must not live for ever either. Unless all of the store's blobs
   * are like that: then it is the clock that is wrong, as on a machine that has none while it is off, and what it says now
   * would make all of them expire as soon as it is right.
   */
  settle(storedBlobs: number): Promise<void>;
}

export interface AheadBlobsOptions {
  readonly layout: Layout;
  readonly dryRun: boolean;
  /** Is told of each of them, once its times are those that it keeps. */
  readonly onBlob: (blob: StoredBlob) => void;
  readonly log: Logger;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

// Bounds the memory that they take; the next pass goes on.
const MAX_SETTLED = 10_000;

export function createAheadBlobs(options: AheadBlobsOptions): AheadBlobs {
  const { layout, dryRun, onBlob, log, now, signal } = options;
  const unsettled: StoredBlob[] = [];
  let blobs = 0;
  return {
    add(blob) {
      blobs += 1;
      if (unsettled.length < MAX_SETTLED) unsettled.push(blob);
      else onBlob(blob);
    },
    async settle(storedBlobs) {
      if (blobs === 0) return;
      if (blobs === storedBlobs) {
        log.warn({ blobs }, 'every blob is of a time that is still to come, none expires: set the clock');
        unsettled.forEach(onBlob);
        return;
      }
      log.warn({ blobs, dryRun }, 'blobs of a time that is still to come count as stored now');
      for (const blob of unsettled) {
        signal.throwIfAborted();
        // Whoever evicts it has to know it by the time that it has from now on.
        onBlob(dryRun ? blob : { ...blob, ...(await limitBlobTimes(layout, blob.digest, now())) });
      }
    },
  };
}

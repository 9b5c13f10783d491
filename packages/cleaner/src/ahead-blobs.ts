import type { Digest } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import type { Layout } from '@registry-cache/store';
import { limitBlobTimes } from '@registry-cache/store/maintenance';

/** Blobs of a time that is still to come: they were stored before the clock was set back. */
export interface AheadBlobs {
  add(digest: Digest): void;
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
  readonly log: Logger;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

// Bounds the memory that they take; the next pass goes on.
const MAX_SETTLED = 10_000;

export function createAheadBlobs({ layout, dryRun, log, now, signal }: AheadBlobsOptions): AheadBlobs {
  const digests: Digest[] = [];
  let blobs = 0;
  return {
    add(digest) {
      blobs += 1;
      if (digests.length < MAX_SETTLED) digests.push(digest);
    },
    async settle(storedBlobs) {
      if (blobs === 0) return;
      if (blobs === storedBlobs) {
        log.warn({ blobs }, 'every blob is of a time that is still to come, none expires: set the clock');
        return;
      }
      log.warn({ blobs, dryRun }, 'blobs of a time that is still to come count as stored now');
      if (dryRun) return;
      for (const digest of digests) {
        signal.throwIfAborted();
        await limitBlobTimes(layout, digest, now());
      }
    },
  };
}

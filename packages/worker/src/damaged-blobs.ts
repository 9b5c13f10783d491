import type { Digest } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import type { Store, StoredBlob } from '@registry-cache/store';
import { LRUCache } from 'lru-cache';
import { createSingleFlight } from './single-flight.ts';

/** Finds blobs that the disk has damaged since they were verified, as far as that costs no reading of those that are well. */
export interface DamagedBlobs {
  /** What a manifest says of its blobs' sizes. */
  expectSizes(sizes: ReadonlyMap<Digest, number>): void;
  /** Verifies a blob of another size than expected. True when it was removed, and is a miss. */
  removeIfUnexpected(blob: StoredBlob): Promise<boolean>;
  /** Verifies a blob that somebody could not read. True when it was removed. */
  removeIfDamaged(digest: Digest): Promise<boolean>;
}

export interface DamagedBlobsOptions {
  readonly store: Store;
  readonly log: Logger;
}

const MAX_EXPECTED = 20_000;
// A manifest may be wrong about its blobs, and must not make us read the same good one again and again.
const MAX_INTACT = 1_000;
const INTACT_FOR_MS = 10 * 60_000;

export function createDamagedBlobs({ store, log }: DamagedBlobsOptions): DamagedBlobs {
  const expected = new LRUCache<Digest, number>({ max: MAX_EXPECTED });
  const intact = new LRUCache<Digest, string>({ max: MAX_INTACT, ttl: INTACT_FOR_MS });
  const checks = createSingleFlight<boolean>();

  function removeIfDamaged(digest: Digest): Promise<boolean> {
    return checks.run(digest, async () => {
      const blob = await store.findBlob(digest);
      if (blob === undefined) return true;
      if (intact.get(digest) === versionOf(blob)) return false;
      const removed = await store.removeIfDamaged(digest);
      if (removed)
        log.error({ digest }, 'stored blob is damaged, it is removed and fetched again: check the disk');
      else intact.set(digest, versionOf(blob));
      return removed;
    });
  }

  return {
    expectSizes(sizes) {
      for (const [digest, sizeBytes] of sizes) expected.set(digest, sizeBytes);
    },
    async removeIfUnexpected({ digest, sizeBytes }) {
      const expectedBytes = expected.get(digest);
      if (expectedBytes === undefined || expectedBytes === sizeBytes) return false;
      return removeIfDamaged(digest);
    },
    removeIfDamaged,
  };
}

/** That a file was intact says nothing about it once it has been written to. */
function versionOf({ sizeBytes, filledAtMs }: StoredBlob): string {
  return `${sizeBytes} bytes of ${filledAtMs}`;
}

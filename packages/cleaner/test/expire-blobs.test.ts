import { mkdirSync, rmSync, utimesSync } from 'node:fs';
import { digestOf, findUpstreamName } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import { createFileStore } from '@registry-cache/store';
import { expect, test } from 'vitest';
import { createStoreFolder, DAY_MS, type StoreFolder } from '../../store/test/support/store-folder.ts';
import { expireBlobs, type ExpiryResult } from '../src/expire-blobs.ts';
import type { ExpirySettings } from '../src/expiry-rule.ts';
import { createLogLines } from './support/log-lines.ts';

const NEVER = new AbortController().signal;
const onBlob = (): void => {};
const FETCHED: ExpirySettings = { blobTtlMs: DAY_MS, from: 'fetched' };
const NOW_MS = Date.UTC(2026, 5, 1);
const EXPIRED = { filledAtMs: NOW_MS - 2 * DAY_MS };

/** The walk has seen the blobs when it looks at the clock for the first time: then something happens to them. */
function expire(store: StoreFolder, log: Logger, happen: () => void): Promise<ExpiryResult> {
  let hasHappened = false;
  const now = (): number => {
    if (!hasHappened) happen();
    hasHappened = true;
    return NOW_MS;
  };
  return expireBlobs({
    layout: store.layout,
    expiry: FETCHED,
    dryRun: false,
    log,
    now,
    isPinned: () => false,
    onBlob,
    signal: NEVER,
  });
}

test('a blob that cannot be removed does not keep the others from it', async () => {
  const store = await createStoreFolder();
  // In one folder, so that the walk sees them together.
  const first = await store.writeSparseBlob(256, 100, EXPIRED);
  const second = await store.writeSparseBlob(512, 100, EXPIRED);
  const { log, lines } = createLogLines();

  const { expired, remaining } = await expire(store, log, () => {
    // A folder in the place of a file: nobody can unlink that.
    rmSync(store.blobPath(first));
    mkdirSync(store.blobPath(first));
    utimesSync(store.blobPath(first), 1, 1);
  });

  expect(await store.hasBlob(second)).toBe(false);
  expect(expired).toMatchObject({ blobs: 1, failed: 1 });
  expect(remaining).toMatchObject({ usedBytes: 100, blobs: 1 });
  expect(lines.filter((line) => line['level'] === 'error').map((line) => line['digest'])).toEqual([first]);
});

test('a blob that is fetched anew before it is removed is spared', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeSparseBlob(1, 100, EXPIRED);

  const { expired, remaining } = await expire(store, createLogLines().log, () => {
    utimesSync(store.blobPath(digest), NOW_MS / 1000, NOW_MS / 1000);
  });

  expect(await store.hasBlob(digest)).toBe(true);
  expect(expired).toMatchObject({ blobs: 0, failed: 0 });
  expect(remaining).toMatchObject({ usedBytes: 100, blobs: 1 });
});

test('a blob that another pass removes meanwhile is nobody’s failure', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeSparseBlob(1, 100, EXPIRED);

  const { expired, remaining } = await expire(store, createLogLines().log, () => {
    rmSync(store.blobPath(digest));
  });

  expect(expired).toMatchObject({ blobs: 0, failed: 0 });
  expect(remaining).toMatchObject({ usedBytes: 0, blobs: 0 });
});

test('beside workers that fill again what has expired, whoever reads gets the right bytes or a miss', async () => {
  const folder = await createStoreFolder();
  const store = createFileStore({ rootDirectory: folder.rootDirectory });
  const upstream = findUpstreamName('quay.io');
  if (upstream === undefined) throw new Error('expected the name of an upstream');
  const outcomes = { hit: 0, miss: 0 };
  const work = async (worker: number): Promise<void> => {
    for (let n = 0; n < 200; n++) {
      const bytes = Buffer.from(`blob ${n % 3} of ${worker}`);
      const digest = digestOf(bytes);
      const stored = await store.readBlob(digest, 1_000);
      if (stored === undefined) await store.putBlob(upstream, digest, bytes);
      else expect(Buffer.from(stored)).toEqual(bytes);
      outcomes[stored === undefined ? 'miss' : 'hit'] += 1;
    }
  };

  let isWorking = true;
  let expired = 0;
  const { layout } = folder;
  const { log } = createLogLines();
  // Everything expires as soon as it is seen.
  const now = (): number => Date.now() + 10_000;
  const options = {
    layout,
    expiry: { ...FETCHED, blobTtlMs: 1 },
    dryRun: false,
    log,
    now,
    isPinned: () => false,
    onBlob,
    signal: NEVER,
  };
  const expireAgainAndAgain = async (): Promise<void> => {
    while (isWorking) expired += (await expireBlobs(options)).expired.blobs;
  };
  const cleaning = Promise.all([expireAgainAndAgain(), expireAgainAndAgain()]);
  await Promise.all([work(0), work(1)]).finally(() => {
    isWorking = false;
  });
  await cleaning;

  expect(expired).toBeGreaterThan(0);
  expect(outcomes.miss).toBeGreaterThanOrEqual(expired);
});

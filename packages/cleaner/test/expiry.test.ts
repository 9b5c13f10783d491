import { statSync } from 'node:fs';
import type { Digest } from '@registry-cache/oci';
import { createPinFile } from '@registry-cache/store/images';
import type { CleanReport } from '@registry-cache/store/maintenance';
import { expect, test } from 'vitest';
import {
  createStoreFolder,
  DAY_MS,
  HOUR_MS,
  type StoreFolder,
} from '../../store/test/support/store-folder.ts';
import { makeRoom, runCleanPass } from '../src/clean-pass.ts';
import type { CleanPassOptions } from '../src/clean-steps.ts';
import type { ExpirySettings } from '../src/expiry-rule.ts';
import { createLogLines, type LogLine } from './support/log-lines.ts';

const NEVER = new AbortController().signal;
const FETCHED: ExpirySettings = { blobTtlMs: DAY_MS, from: 'fetched' };
const PULLED: ExpirySettings = { blobTtlMs: DAY_MS, from: 'pulled' };
const NOW_MS = Date.UTC(2026, 5, 1);

interface PassOptions extends Partial<CleanPassOptions> {
  readonly expiry?: ExpirySettings;
  readonly maxSizeBytes?: number;
  readonly pass?: typeof runCleanPass;
}

/** At `NOW_MS`, with room for everything. */
function clean(store: StoreFolder, options: PassOptions = {}): Promise<CleanReport> {
  const { expiry = FETCHED, maxSizeBytes = 1_000_000, pass = runCleanPass, ...others } = options;
  return pass({
    layout: store.layout,
    settings: { maxSizeBytes, thresholdPercentage: 0, runEveryMs: HOUR_MS, expiry, pins: [] },
    pinFile: createPinFile(store.rootDirectory),
    dryRun: false,
    log: createLogLines().log,
    now: () => NOW_MS,
    signal: NEVER,
    ...others,
  });
}

let nextId = 1;

/** A blob of 100 bytes. */
function writeBlob(store: StoreFolder, fetchedAgoMs: number, pulledAgoMs = fetchedAgoMs): Promise<Digest> {
  const times = { filledAtMs: NOW_MS - fetchedAgoMs, accessedAtMs: NOW_MS - pulledAgoMs };
  return store.writeSparseBlob(nextId++, 100, times);
}

function present(store: StoreFolder, digests: readonly Digest[]): Promise<boolean[]> {
  return Promise.all(digests.map((digest) => store.hasBlob(digest)));
}

const isExpiry = (line: LogLine): boolean => line['msg'] === 'blob expired';

test('a blob expires when its time since it was fetched is over, however often it is pulled', async () => {
  const store = await createStoreFolder();
  const atItsEnd = await writeBlob(store, DAY_MS);
  const over = await writeBlob(store, DAY_MS + 1, 0);

  const report = await clean(store);

  expect(await present(store, [atItsEnd, over])).toEqual([true, false]);
  expect(report).toMatchObject({
    usedBytesBefore: 200,
    usedBytesAfter: 100,
    blobsBefore: 2,
    expired: { ...FETCHED, blobs: 1, bytes: 100, failed: 0 },
    evicted: { count: 0 },
  });
});

test('a blob that is pulled lives on where the time is counted from the last pull', async () => {
  const store = await createStoreFolder();
  const pulled = await writeBlob(store, 9 * DAY_MS, DAY_MS);
  const notPulled = await writeBlob(store, 9 * DAY_MS, DAY_MS + 1);
  // As a disk without access times shows a blob that was fetched just now.
  const fetched = await writeBlob(store, 0, 9 * DAY_MS);

  const report = await clean(store, { expiry: PULLED });

  expect(await present(store, [pulled, notPulled, fetched])).toEqual([true, false, true]);
  expect(report.expired).toEqual({ ...PULLED, blobs: 1, bytes: 100, failed: 0 });
});

test('where no time is set, nothing expires and the report has nothing to say about it', async () => {
  const store = await createStoreFolder();
  const old = await writeBlob(store, 9_999 * DAY_MS);
  const settings = { maxSizeBytes: 1_000, thresholdPercentage: 0, runEveryMs: HOUR_MS, pins: [] };

  const report = await clean(store, { settings });

  expect(await store.hasBlob(old)).toBe(true);
  expect(report).not.toHaveProperty('expired');
});

test('links of expired blobs and their folders go in the same pass, and a fill that runs stays', async () => {
  const store = await createStoreFolder();
  const digest = await writeBlob(store, 2 * DAY_MS);
  const repository = 'docker/registry/v2/repositories/quay.io/org/image';
  const path = digest.replace(':', '/');
  await store.writeFile(`${repository}/_layers/${path}/link`, digest, HOUR_MS);
  await store.writeFile(`${repository}/_manifests/revisions/${path}/link`, digest, HOUR_MS);
  await store.writeFile(`${repository}/_manifests/tags/v1/current/link`, digest, HOUR_MS);
  await store.writeFile('registry-cache/fills/quay.io/running', 'half', 0);

  const report = await clean(store, { now: () => Date.now() });

  expect(report.expired).toMatchObject({ blobs: 1 });
  expect(report.sweptLinks).toEqual({ layers: 1, revisions: 1, tags: 1 });
  expect(await store.has('docker/registry/v2/repositories/quay.io')).toBe(false);
  expect(await store.has('registry-cache/fills/quay.io/running')).toBe(true);
});

test('what expires may be all the room that is needed', async () => {
  const store = await createStoreFolder();
  const expired = await writeBlob(store, 2 * DAY_MS, 0);
  const leastRecentlyUsed = await writeBlob(store, HOUR_MS);

  const report = await clean(store, { maxSizeBytes: 100 });

  expect(await present(store, [expired, leastRecentlyUsed])).toEqual([false, true]);
  expect(report).toMatchObject({ usedBytesBefore: 200, usedBytesAfter: 100, evicted: { count: 0 } });
});

test('a dry run removes nothing, and tells what would expire from what would be evicted', async () => {
  const store = await createStoreFolder();
  const expired = await writeBlob(store, 2 * DAY_MS, 0);
  const older = await writeBlob(store, 2 * HOUR_MS);
  const younger = await writeBlob(store, HOUR_MS);

  const report = await clean(store, { maxSizeBytes: 100, dryRun: true });

  expect(await present(store, [expired, older, younger])).toEqual([true, true, true]);
  expect(report).toMatchObject({
    usedBytesBefore: 300,
    usedBytesAfter: 100,
    blobsBefore: 3,
    expired: { blobs: 1, bytes: 100 },
    evicted: { count: 1, bytes: 100, oldestAccessMs: NOW_MS - 2 * HOUR_MS },
  });
  const done = await clean(store, { maxSizeBytes: 100 });
  expect({ ...done, steps: [] }).toEqual({ ...report, dryRun: false, disk: done.disk, steps: [] });
});

test('room is made by what was used the longest ago, whatever has expired', async () => {
  const store = await createStoreFolder();
  const expired = await writeBlob(store, 2 * DAY_MS, 0);
  const leastRecentlyUsed = await writeBlob(store, HOUR_MS);

  const report = await clean(store, { pass: makeRoom });

  expect(await present(store, [expired, leastRecentlyUsed])).toEqual([true, false]);
  expect(report).not.toHaveProperty('expired');
});

test('what has expired is logged as a whole, and each blob at debug', async () => {
  const store = await createStoreFolder();
  const digest = await writeBlob(store, 2 * DAY_MS);
  const { log, lines } = createLogLines();

  await clean(store, { log });
  await clean(store, { log });

  expect(lines).toMatchObject([
    { msg: 'blob expired', level: 'debug', digest },
    { msg: 'expired', level: 'info', ...FETCHED, blobs: 1, bytes: 100, dryRun: false },
    { msg: 'used size', usedBytes: 0 },
    { msg: 'used size', usedBytes: 0 },
  ]);
});

test('a pass that is told to stop does so before it has removed everything', async () => {
  const store = await createStoreFolder();
  const digests: Digest[] = [];
  for (let n = 0; n < 500; n++) digests.push(await writeBlob(store, 2 * DAY_MS));
  const stop = new AbortController();
  const { log, lines } = createLogLines((line) => {
    if (isExpiry(line)) stop.abort(new Error('stopped'));
  });

  await expect(clean(store, { log, signal: stop.signal })).rejects.toThrow('stopped');

  const gone = (await present(store, digests)).filter((isPresent) => !isPresent).length;
  expect(gone).toBeGreaterThan(0);
  expect(gone).toBeLessThan(digests.length);
  expect(lines.at(-1)).toMatchObject({ msg: 'expired', blobs: gone });
});

test('a blob of a time to come does not expire, and its own time begins when it is found', async () => {
  const store = await createStoreFolder();
  const ahead = await writeBlob(store, -1_000 * DAY_MS);
  const ordinary = await writeBlob(store, 0);
  const { log, lines } = createLogLines();

  await clean(store, { log });
  expect(await present(store, [ahead, ordinary])).toEqual([true, true]);
  expect(statSync(store.blobPath(ahead)).mtimeMs).toBe(NOW_MS);
  expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', blobs: 1 }));

  await clean(store, { now: () => NOW_MS + DAY_MS + 1 });
  expect(await present(store, [ahead, ordinary])).toEqual([false, false]);
});

test('blobs of a time that is still to come make room in the same pass where the store is over its limit', async () => {
  const store = await createStoreFolder();
  const ordinary = await writeBlob(store, 0);
  for (const days of [1_000, 1_001, 1_002]) await writeBlob(store, -days * DAY_MS);

  const report = await clean(store, { maxSizeBytes: 200 });

  expect(report).toMatchObject({ usedBytesAfter: 200, evicted: { count: 2, spared: 0 } });
  expect(await store.hasBlob(ordinary)).toBe(false);
});

test('a clock that is behind all blobs is taken for wrong, and they keep their times', async () => {
  const store = await createStoreFolder();
  const digest = await writeBlob(store, 0);
  const { log, lines } = createLogLines();

  await clean(store, { log, now: () => 0 });

  expect(statSync(store.blobPath(digest)).mtimeMs).toBe(NOW_MS);
  expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', blobs: 1 }));
  expect((await clean(store)).expired).toMatchObject({ blobs: 0 });
});

test('a dry run leaves times to come as they are', async () => {
  const store = await createStoreFolder();
  const ahead = await writeBlob(store, -1_000 * DAY_MS);
  await writeBlob(store, 0);

  await clean(store, { dryRun: true });

  expect(statSync(store.blobPath(ahead)).mtimeMs).toBe(NOW_MS + 1_000 * DAY_MS);
});

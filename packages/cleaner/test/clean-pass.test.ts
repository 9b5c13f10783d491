import { mkdirSync, rmSync, utimesSync } from 'node:fs';
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
import { createLogLines, type LogLine } from './support/log-lines.ts';

const NEVER = new AbortController().signal;

interface Limits {
  readonly maxSizeBytes: number;
  readonly thresholdPercentage?: number;
}

function clean(
  store: StoreFolder,
  { maxSizeBytes, thresholdPercentage = 0 }: Limits,
  options: Partial<CleanPassOptions> = {},
  pass: typeof runCleanPass = runCleanPass,
): Promise<CleanReport> {
  return pass({
    layout: store.layout,
    settings: { maxSizeBytes, thresholdPercentage, runEveryMs: HOUR_MS, pins: [] },
    pinFile: createPinFile(store.rootDirectory),
    dryRun: false,
    log: createLogLines().log,
    now: Date.now,
    signal: NEVER,
    ...options,
  });
}

/** Blobs of 100 bytes: the first was used the longest ago. */
async function writeBlobs(store: StoreFolder, count: number): Promise<Digest[]> {
  const digests: Digest[] = [];
  for (let id = 0; id < count; id++) {
    digests.push(await store.writeSparseBlob(id, 100, { accessedAtMs: (id + 1) * 1_000 }));
  }
  return digests;
}

function present(store: StoreFolder, digests: readonly Digest[]): Promise<boolean[]> {
  return Promise.all(digests.map((digest) => store.hasBlob(digest)));
}

const isEviction = (line: LogLine): boolean => line['msg'] === 'blob evicted';

test('one pass evicts everything it must, what was used the longest ago first', async () => {
  const store = await createStoreFolder();
  const digests = await writeBlobs(store, 5);

  const report = await clean(store, { maxSizeBytes: 250 });

  expect(await present(store, digests)).toEqual([false, false, false, true, true]);
  expect(report).toMatchObject({
    usedBytesBefore: 500,
    usedBytesAfter: 200,
    blobsBefore: 5,
    evicted: { count: 3, bytes: 300, spared: 0, failed: 0, oldestAccessMs: 1_000, newestAccessMs: 3_000 },
  });
});

test('access times decide, not the times blobs were filled at', async () => {
  const store = await createStoreFolder();
  const usedLately = await store.writeSparseBlob(1, 100, { filledAtMs: 1_000, accessedAtMs: 9_000 });
  const filledLately = await store.writeSparseBlob(2, 100, { filledAtMs: 8_000, accessedAtMs: 2_000 });

  await clean(store, { maxSizeBytes: 100 });

  expect(await present(store, [usedLately, filledLately])).toEqual([true, false]);
});

test('up to the threshold nothing is evicted, and above it the size comes down to the limit', async () => {
  const store = await createStoreFolder();
  const digests = await writeBlobs(store, 6);
  const limits = { maxSizeBytes: 500, thresholdPercentage: 20 };

  expect((await clean(store, limits)).evicted.count).toBe(0);
  digests.push(await store.writeSparseBlob(6, 1, { accessedAtMs: 7_000 }));
  expect(await clean(store, limits)).toMatchObject({ thresholdBytes: 600, usedBytesAfter: 401 });

  expect(await present(store, digests)).toEqual([false, false, true, true, true, true, true]);
});

test('a store of many blobs comes down to its limit', async () => {
  const store = await createStoreFolder();
  const digests: Digest[] = [];
  for (let first = 0; first < 2_000; first += 200) {
    const ids = Array.from({ length: 200 }, (_, offset) => first + offset);
    const batch = ids.map((id) => store.writeSparseBlob(id, 1_000_000, { accessedAtMs: (id + 1) * 1_000 }));
    digests.push(...(await Promise.all(batch)));
  }

  const report = await clean(store, { maxSizeBytes: 150_500_000 });

  expect(report).toMatchObject({
    blobsBefore: 2_000,
    usedBytesBefore: 2_000_000_000,
    usedBytesAfter: 150_000_000,
    evicted: { count: 1_850, oldestAccessMs: 1_000, newestAccessMs: 1_850_000 },
  });
  expect(await present(store, digests.slice(1_849, 1_851))).toEqual([false, true]);
});

test('a blob that is used while the pass runs is spared, and the next one goes in its place', async () => {
  const store = await createStoreFolder();
  const [first, second, third, fourth] = await writeFour(store);
  const { log } = createLogLines((line) => {
    if (isEviction(line) && line['digest'] === first) utimesSync(store.blobPath(second), 9, 9);
  });

  const report = await clean(store, { maxSizeBytes: 200 }, { log });

  expect(await present(store, [first, second, third, fourth])).toEqual([false, true, false, true]);
  expect(report).toMatchObject({ usedBytesAfter: 200, evicted: { count: 2, spared: 1 } });
});

test('a blob that cannot be evicted does not keep the others from it', async () => {
  const store = await createStoreFolder();
  const [first, second, third, fourth] = await writeFour(store);
  const { log, lines } = createLogLines((line) => {
    if (!isEviction(line) || line['digest'] !== first) return;
    // A folder in the place of a file: nobody can unlink that.
    rmSync(store.blobPath(second));
    mkdirSync(store.blobPath(second));
    utimesSync(store.blobPath(second), 2, 2);
  });

  const report = await clean(store, { maxSizeBytes: 200 }, { log });

  expect(await present(store, [first, third, fourth])).toEqual([false, false, true]);
  expect(report.evicted).toMatchObject({ count: 2, failed: 1 });
  expect(lines.filter((line) => line['level'] === 'error').map((line) => line['digest'])).toEqual([second]);
});

test('a pass that is told to stop does so between two evictions', async () => {
  const store = await createStoreFolder();
  const digests = await writeBlobs(store, 4);
  const stop = new AbortController();
  const { log, lines } = createLogLines((line) => {
    if (isEviction(line)) stop.abort(new Error('stopped'));
  });

  await expect(clean(store, { maxSizeBytes: 0 }, { log, signal: stop.signal })).rejects.toThrow('stopped');

  expect(await present(store, digests)).toEqual([false, true, true, true]);
  expect(lines.at(-1)).toMatchObject({ msg: 'evicted', count: 1, bytes: 100 });
});

test('links of evicted blobs go in the same pass', async () => {
  const store = await createStoreFolder();
  const [digest] = await writeBlobs(store, 1);
  const link = `docker/registry/v2/repositories/quay.io/org/image/_layers/${digest?.replace(':', '/')}/link`;
  await store.writeFile(link, digest ?? '', HOUR_MS);

  const report = await clean(store, { maxSizeBytes: 0 });

  expect(report.sweptLinks).toEqual({ layers: 1, revisions: 0, tags: 0 });
  expect(await store.has('docker/registry/v2/repositories/quay.io')).toBe(false);
});

test('the leftover of a fill that crashed goes, and a running one stays', async () => {
  const store = await createStoreFolder();
  await store.writeFile('registry-cache/fills/quay.io/crashed', 'half', 2 * HOUR_MS);
  await store.writeFile('registry-cache/fills/quay.io/running', 'half');

  const report = await clean(store, { maxSizeBytes: 1_000 });

  expect(report.sweptFills).toEqual({ files: 1, bytes: 4 });
  expect(await store.has('registry-cache/fills/quay.io/crashed')).toBe(false);
  expect(await store.has('registry-cache/fills/quay.io/running')).toBe(true);
});

test('a dry run says what it would do, and does none of it', async () => {
  const store = await createStoreFolder();
  const digests = await writeBlobs(store, 3);
  await store.writeFile('registry-cache/fills/quay.io/crashed', 'half', 2 * HOUR_MS);

  const report = await clean(store, { maxSizeBytes: 100 }, { dryRun: true });

  expect(report).toMatchObject({ dryRun: true, usedBytesAfter: 100, evicted: { count: 2, bytes: 200 } });
  expect(report.sweptFills.files).toBe(1);
  expect(await present(store, digests)).toEqual([true, true, true]);
  expect(await store.has('registry-cache/fills/quay.io/crashed')).toBe(true);
});

test('every pass logs the used size and the threshold', async () => {
  const store = await createStoreFolder();
  await writeBlobs(store, 2);
  const { log, lines } = createLogLines();

  await clean(store, { maxSizeBytes: 1_000, thresholdPercentage: 20 }, { log });

  expect(lines).toMatchObject([
    {
      msg: 'used size',
      level: 'info',
      usedBytes: 200,
      freeBytes: expect.any(Number),
      maxSizeBytes: 1_000,
      thresholdBytes: 1_200,
      blobs: 2,
    },
  ]);
});

test('what was evicted is logged as a whole, and each blob at debug', async () => {
  const store = await createStoreFolder();
  const [first] = await writeBlobs(store, 2);
  const { log, lines } = createLogLines();

  await clean(store, { maxSizeBytes: 100 }, { log });

  expect(lines).toMatchObject([
    { msg: 'used size' },
    { msg: 'blob evicted', level: 'debug', digest: first, sizeBytes: 100 },
    { msg: 'evicted', level: 'info', count: 1, bytes: 100, oldestAccess: '1970-01-01T00:00:01.000Z' },
  ]);
});

test('what a registry before us did not finish receiving goes after a week, with its repository', async () => {
  const store = await createStoreFolder();
  const uploads = 'docker/registry/v2/repositories/org/image/_uploads';
  await store.writeFile(`${uploads}/old/data`, 'half', 8 * DAY_MS);
  await store.age(`${uploads}/old`, 8 * DAY_MS);

  const report = await clean(store, { maxSizeBytes: 1_000 });

  expect(report.sweptUploads).toEqual({ folders: 1, bytes: 4 });
  expect(await store.has('docker/registry/v2/repositories/org')).toBe(false);
});

test('room is made by a tenth of what is used, though the store is within its limit', async () => {
  const store = await createStoreFolder();
  const digests = await writeBlobs(store, 20);
  await store.writeFile('registry-cache/fills/quay.io/crashed', 'half', 2 * HOUR_MS);
  const { log, lines } = createLogLines();

  const report = await clean(store, { maxSizeBytes: 10_000 }, { log }, makeRoom);

  expect(report).toMatchObject({ usedBytesBefore: 2_000, usedBytesAfter: 1_800, evicted: { count: 2 } });
  expect((await present(store, digests)).indexOf(true)).toBe(2);
  expect(await store.has('registry-cache/fills/quay.io/crashed')).toBe(false);
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'evicted', freeBytes: expect.any(Number) }));
});

test('a store beyond its limit comes down to that when room is made', async () => {
  const store = await createStoreFolder();
  await writeBlobs(store, 20);

  const report = await clean(store, { maxSizeBytes: 500, thresholdPercentage: 900 }, {}, makeRoom);

  expect(report).toMatchObject({ usedBytesBefore: 2_000, usedBytesAfter: 500 });
});

test('a report names its steps in their order', async () => {
  const store = await createStoreFolder();

  const { steps } = await clean(store, { maxSizeBytes: 100 });

  expect(steps.map((step) => step.name)).toEqual([
    'find pinned',
    'sweep fills',
    'expire and measure',
    'evict',
    'sweep uploads',
    'sweep links',
  ]);
});

type Four = [Digest, Digest, Digest, Digest];

async function writeFour(store: StoreFolder): Promise<Four> {
  const [first, second, third, fourth] = await writeBlobs(store, 4);
  if (!first || !second || !third || !fourth) throw new Error('expected four blobs');
  return [first, second, third, fourth];
}

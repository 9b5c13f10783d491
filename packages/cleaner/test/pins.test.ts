import type { Digest } from '@registry-cache/oci';
import { createPinFile } from '@registry-cache/store/images';
import type { CleanReport } from '@registry-cache/store/maintenance';
import { describe, expect, test } from 'vitest';
import {
  createStoreFolder,
  DAY_MS,
  HOUR_MS,
  type StoreFolder,
} from '../../store/test/support/store-folder.ts';
import { storedImages, type WrittenImage } from '../../store/test/support/stored-images.ts';
import { makeRoom, runCleanPass } from '../src/clean-pass.ts';
import type { CleanPassOptions } from '../src/clean-steps.ts';
import { createPinWarning } from '../src/pin-warning.ts';
import { createLogLines } from './support/log-lines.ts';

const NEVER = new AbortController().signal;
const OLD = { accessedAtMs: 1_000_000 };
const PINNED = 'quay.io/org/pinned';
const OTHER = 'quay.io/org/other';

interface PassOptions extends Partial<CleanPassOptions> {
  readonly pins?: readonly string[];
  readonly maxSizeBytes?: number;
  readonly pass?: typeof runCleanPass;
}

/** With room for nothing. */
function clean(store: StoreFolder, options: PassOptions = {}): Promise<CleanReport> {
  const { pins = [], maxSizeBytes = 0, pass = runCleanPass, ...others } = options;
  return pass({
    layout: store.layout,
    settings: { maxSizeBytes, thresholdPercentage: 0, runEveryMs: HOUR_MS, pins },
    pinFile: createPinFile(store.rootDirectory),
    dryRun: false,
    log: createLogLines().log,
    now: Date.now,
    signal: NEVER,
    ...others,
  });
}

/** The one that is pinned in tests was used the longest ago, and would be the first to go. */
async function writeImages(store: StoreFolder): Promise<{ pinned: WrittenImage; other: WrittenImage }> {
  const images = storedImages(store);
  const pinned = await images.writeImage(PINNED, { layers: ['pinned'], times: OLD });
  const other = await images.writeImage(OTHER, { layers: ['other'], times: { accessedAtMs: 2_000_000 } });
  await images.tag(PINNED, '1.0', pinned.digest);
  await images.tag(OTHER, '1.0', other.digest);
  return { pinned, other };
}

function isStored(store: StoreFolder, { digest, config, layers }: WrittenImage): Promise<boolean[]> {
  return Promise.all([digest, config, ...layers].map((each) => store.hasBlob(each)));
}

const ALL = [true, true, true];
const NONE = [false, false, false];

test('what is pinned while a pass measures the store stays', async () => {
  const store = await createStoreFolder();
  const { pinned, other } = await writeImages(store);
  const reads = [[], [PINNED]];

  await clean(store, { pinFile: { read: async () => reads.shift() ?? [] } });

  expect(await isStored(store, pinned)).toEqual(ALL);
  expect(await isStored(store, other)).toEqual(NONE);
});

describe.each([PINNED, `${PINNED}:1.*`, 'quay.io/*/pinned'])('with the pin %s', (pin) => {
  test.each([
    ['a pass', runCleanPass],
    ['a pass that makes room', makeRoom],
  ])('%s evicts others and keeps what is pinned', async (_name, pass) => {
    const store = await createStoreFolder();
    const { pinned, other } = await writeImages(store);

    const report = await clean(store, { pins: [pin], pass });

    expect(await isStored(store, pinned)).toEqual(ALL);
    expect(await isStored(store, other)).toEqual(NONE);
    expect(report.evicted.count).toBe(3);
    expect(report.pinned).toEqual({ blobs: 3, bytes: report.usedBytesAfter });
    expect(report.oldestAccessMs).toBeUndefined();
  });

  test('what is pinned does not expire', async () => {
    const store = await createStoreFolder();
    const { pinned, other } = await writeImages(store);
    const expiry = { blobTtlMs: DAY_MS, from: 'fetched' as const };
    const limits = { maxSizeBytes: 1_000_000, thresholdPercentage: 0, runEveryMs: HOUR_MS };

    const report = await clean(store, { settings: { ...limits, expiry, pins: [pin] } });

    expect(await isStored(store, pinned)).toEqual(ALL);
    expect(await isStored(store, other)).toEqual(NONE);
    expect(report).toMatchObject({ expired: { blobs: 3 }, pinned: { blobs: 3 } });
  });

  test('a dry run counts as a pass would', async () => {
    const store = await createStoreFolder();
    const { pinned, other } = await writeImages(store);

    const { evicted } = await clean(store, { pins: [pin], dryRun: true });

    expect(evicted.count).toBe(3);
    expect(await isStored(store, pinned)).toEqual(ALL);
    expect(await isStored(store, other)).toEqual(ALL);
  });
});

test('links and tags of what is pinned stay', async () => {
  const store = await createStoreFolder();
  await writeImages(store);
  const future = Date.now() + HOUR_MS;

  const { sweptLinks } = await clean(store, { pins: [PINNED], now: () => future });

  expect(sweptLinks).toEqual({ layers: 2, revisions: 1, tags: 1 });
});

test('a blob that a pinned image has in common with another stays', async () => {
  const store = await createStoreFolder();
  const images = storedImages(store);
  const pinned = await images.writeImage(PINNED, { layers: ['base', 'a'], times: OLD });
  const other = await images.writeImage(OTHER, { layers: ['base', 'b'], times: OLD });

  await clean(store, { pins: [PINNED] });

  expect(await isStored(store, pinned)).toEqual([true, true, true, true]);
  expect(await isStored(store, other)).toEqual([false, false, true, false]);
});

test('a pin that was set by command holds from the next pass on, until it is removed', async () => {
  const store = await createStoreFolder();
  const { pinned, other } = await writeImages(store);
  const pinFile = createPinFile(store.rootDirectory);
  await pinFile.add(PINNED);

  await clean(store);
  expect(await isStored(store, pinned)).toEqual(ALL);
  expect(await isStored(store, other)).toEqual(NONE);

  await pinFile.remove(PINNED);
  await clean(store);
  expect(await isStored(store, pinned)).toEqual(NONE);
});

test('pins that cannot be read stop a pass before it removes anything', async () => {
  const store = await createStoreFolder();
  const { pinned, other } = await writeImages(store);
  await store.writeFile('registry-cache/pins.json', 'quay.io/org/pinned');

  await expect(clean(store)).rejects.toThrowError('pins.json holds something else');

  expect(await isStored(store, pinned)).toEqual(ALL);
  expect(await isStored(store, other)).toEqual(ALL);
});

test('a pin that keeps nothing is told of, and the others hold', async () => {
  const store = await createStoreFolder();
  const { pinned } = await writeImages(store);
  const { log, lines } = createLogLines();

  await clean(store, { pins: ['pinned', PINNED], log });

  expect(await isStored(store, pinned)).toEqual(ALL);
  expect(lines).toContainEqual(
    expect.objectContaining({ msg: 'a pin keeps nothing', problem: expect.stringContaining('"pinned"') }),
  );
});

test('whoever wants to know is told of what was evicted and of what has expired, and not by a dry run', async () => {
  const store = await createStoreFolder();
  const old = await store.writeSparseBlob(1, 100, OLD);
  const young = await store.writeSparseBlob(2, 200, { accessedAtMs: Date.now() });
  const expiry = { blobTtlMs: DAY_MS, from: 'fetched' as const };
  const settings = { maxSizeBytes: 0, thresholdPercentage: 0, runEveryMs: HOUR_MS, expiry, pins: [] };
  const told: [string, Digest, number][] = [];
  const options: PassOptions = {
    settings,
    onEvicted: ({ digest, sizeBytes }) => void told.push(['evicted', digest, sizeBytes]),
    onExpired: ({ digest, sizeBytes }) => void told.push(['expired', digest, sizeBytes]),
  };

  await clean(store, { ...options, dryRun: true });
  expect(told).toEqual([]);

  await clean(store, options);
  expect(told).toEqual([
    ['expired', old, 100],
    ['evicted', young, 200],
  ]);
});

test('the blob that would go next is told by its access time', async () => {
  const store = await createStoreFolder();
  for (const id of [1, 2, 3]) await store.writeSparseBlob(id, 100, { accessedAtMs: id * 1_000 });

  expect((await clean(store, { maxSizeBytes: 300 })).oldestAccessMs).toBe(1_000);
  expect((await clean(store, { maxSizeBytes: 200 })).oldestAccessMs).toBe(2_000);
});

test('an operator is told once that pins alone are more than the limit, and once that they no longer are', async () => {
  const store = await createStoreFolder();
  await writeImages(store);
  const { log, lines } = createLogLines();
  const warning = createPinWarning(log);
  const over = await clean(store, { pins: [PINNED], maxSizeBytes: 10 });
  const within = await clean(store, { pins: [PINNED], maxSizeBytes: 1_000_000 });

  for (const report of [within, over, over, within, within, over]) warning.update(report);

  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    ['warn', expect.stringContaining('raise it, or remove pins')],
    ['info', 'pinned images are within cleaner.maxsize again'],
    ['warn', expect.stringContaining('raise it, or remove pins')],
  ]);
  expect(lines[0]).toMatchObject({ pinnedBytes: over.pinned.bytes, pinnedBlobs: 3, maxSizeBytes: 10 });
});

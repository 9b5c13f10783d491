import { expect, test } from 'vitest';
import { sweepFills } from '../../src/maintenance/sweep-fills.ts';
import { createStoreFolder, HOUR_MS, MINUTE_MS } from '../support/store-folder.ts';

const FILL = `registry-cache/fills/quay.io/sha256-${'ab'.repeat(32)}`;
const options = (): Parameters<typeof sweepFills>[1] => ({
  unchangedSinceMs: Date.now() - HOUR_MS,
  dryRun: false,
  signal: new AbortController().signal,
});

test('the leftover of a fill that crashed goes', async () => {
  const store = await createStoreFolder();
  await store.writeFile(`${FILL}.crashed`, 'half', 2 * HOUR_MS);
  await store.writeFile('registry-cache/tmp/link', 'half', 2 * HOUR_MS);

  expect(await sweepFills(store.layout, options())).toEqual({ files: 2, bytes: 8 });

  expect(await store.has(`${FILL}.crashed`)).toBe(false);
  expect(await store.has('registry-cache/tmp/link')).toBe(false);
});

test('a fill that is being written stays', async () => {
  const store = await createStoreFolder();
  await store.writeFile(`${FILL}.running`, 'half', 50 * MINUTE_MS);

  expect(await sweepFills(store.layout, options())).toEqual({ files: 0, bytes: 0 });

  expect(await store.has(`${FILL}.running`)).toBe(true);
});

test('a dry run counts leftovers and keeps them', async () => {
  const store = await createStoreFolder();
  await store.writeFile(`${FILL}.crashed`, 'half', 2 * HOUR_MS);

  expect(await sweepFills(store.layout, { ...options(), dryRun: true })).toEqual({ files: 1, bytes: 4 });

  expect(await store.has(`${FILL}.crashed`)).toBe(true);
});

test('a store that never filled has no leftovers', async () => {
  const store = await createStoreFolder();

  expect(await sweepFills(store.layout, options())).toEqual({ files: 0, bytes: 0 });
});

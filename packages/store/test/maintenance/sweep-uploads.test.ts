import { expect, test } from 'vitest';
import { sweepUploads } from '../../src/maintenance/sweep-uploads.ts';
import { createStoreFolder, DAY_MS, type StoreFolder } from '../support/store-folder.ts';

const UPLOADS = 'docker/registry/v2/repositories/org/image/_uploads';
const options = (): Parameters<typeof sweepUploads>[1] => ({
  unchangedSinceMs: Date.now() - 7 * DAY_MS,
  dryRun: false,
  signal: new AbortController().signal,
});

/** As distribution leaves it. */
async function writeUpload(store: StoreFolder, name: string, ageMs: number): Promise<void> {
  const folder = `${UPLOADS}/${name}`;
  await store.writeFile(`${folder}/data`, 'half', ageMs);
  await store.writeFile(`${folder}/hashstates/sha256/0`, 'x', ageMs);
  for (const inner of ['/hashstates/sha256', '/hashstates', '']) await store.age(folder + inner, ageMs);
}

test('an upload that nobody has gone on with for a week goes with all that is in it', async () => {
  const store = await createStoreFolder();
  await writeUpload(store, 'old', 8 * DAY_MS);
  await writeUpload(store, 'recent', 6 * DAY_MS);

  expect(await sweepUploads(store.layout, options())).toEqual({ folders: 1, bytes: 5 });

  expect(await store.has(`${UPLOADS}/old`)).toBe(false);
  expect(await store.has(`${UPLOADS}/recent/data`)).toBe(true);
});

test('an old upload that is written to again stays', async () => {
  const store = await createStoreFolder();
  await writeUpload(store, 'old', 8 * DAY_MS);
  await store.writeFile(`${UPLOADS}/old/data`, 'more');

  expect(await sweepUploads(store.layout, options())).toEqual({ folders: 0, bytes: 0 });

  expect(await store.has(`${UPLOADS}/old/data`)).toBe(true);
});

test('a dry run counts uploads and keeps them', async () => {
  const store = await createStoreFolder();
  await writeUpload(store, 'old', 8 * DAY_MS);

  expect(await sweepUploads(store.layout, { ...options(), dryRun: true })).toEqual({ folders: 1, bytes: 5 });

  expect(await store.has(`${UPLOADS}/old/data`)).toBe(true);
});

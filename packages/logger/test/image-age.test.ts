import { stat } from 'node:fs/promises';
import { digestOf, OCI_INDEX, OCI_MANIFEST, type Digest } from '@registry-cache/oci';
import { createFileStore } from '@registry-cache/store';
import { expect, test } from 'vitest';
import { createStoreFolder, DAY_MS, type StoreFolder } from '../../store/test/support/store-folder.ts';
import { createImageAge, type ImageAge } from '../src/image-age.ts';

const FILLED_AT_MS = Date.parse('2026-01-01T00:00:00Z');
const OLD = { filledAtMs: FILLED_AT_MS, accessedAtMs: FILLED_AT_MS };
const PULLED_AT_MS = FILLED_AT_MS + DAY_MS;

async function createFixture(): Promise<{ store: StoreFolder; imageAge: ImageAge }> {
  const store = await createStoreFolder();
  return { store, imageAge: createImageAge(createFileStore(store)) };
}

interface Image {
  readonly manifest: Digest;
  readonly blobs: readonly Digest[];
}

async function writeImage(store: StoreFolder, name: string): Promise<Image> {
  const blobs = [
    await store.writeBlob(`${name} config`, OLD),
    await store.writeBlob(`${name} layer 1`, OLD),
    await store.writeBlob(`${name} layer 2`, OLD),
  ];
  const [config, ...layers] = blobs.map((digest) => ({ digest }));
  const manifest = await store.writeBlob(
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers }),
    OLD,
  );
  return { manifest, blobs };
}

function writeIndex(store: StoreFolder, manifests: readonly Digest[]): Promise<Digest> {
  const descriptors = manifests.map((digest) => ({ digest }));
  return store.writeBlob(
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: descriptors }),
    OLD,
  );
}

/** To the millisecond: a file's time is a fraction of a second, which no number of milliseconds is exactly. */
function accessTimes(store: StoreFolder, digests: readonly Digest[]): Promise<number[]> {
  return Promise.all(digests.map(async (digest) => Math.round((await stat(store.blobPath(digest))).atimeMs)));
}

test('an image ages as one: its manifest, its config and its layers', async () => {
  const { store, imageAge } = await createFixture();
  const { manifest, blobs } = await writeImage(store, 'image');
  const { manifest: other } = await writeImage(store, 'other');

  await imageAge.touchImage(manifest, PULLED_AT_MS);

  expect(new Set(await accessTimes(store, [manifest, ...blobs]))).toEqual(new Set([PULLED_AT_MS]));
  expect(await accessTimes(store, [other])).toEqual([FILLED_AT_MS]);
});

test('an index ages with those of its manifests that are stored, and theirs', async () => {
  const { store, imageAge } = await createFixture();
  const amd64 = await writeImage(store, 'amd64');
  const arm64 = await writeImage(store, 'arm64');
  const notStored = digestOf(Buffer.from('s390x'));
  const index = await writeIndex(store, [amd64.manifest, notStored, arm64.manifest]);

  await imageAge.touchImage(index, PULLED_AT_MS);

  const all = [index, amd64.manifest, ...amd64.blobs, arm64.manifest, ...arm64.blobs];
  expect(new Set(await accessTimes(store, all))).toEqual(new Set([PULLED_AT_MS]));
  expect(await store.hasBlob(notStored)).toBe(false);
});

test('touching leaves the time a blob was filled at', async () => {
  const { store, imageAge } = await createFixture();
  const { manifest, blobs } = await writeImage(store, 'image');

  await imageAge.touchImage(manifest, PULLED_AT_MS);

  for (const digest of [manifest, ...blobs]) {
    expect(Math.round((await stat(store.blobPath(digest))).mtimeMs)).toBe(FILLED_AT_MS);
  }
});

test('a blob touched less than a minute ago is not touched again, and later it is', async () => {
  const { store, imageAge } = await createFixture();
  const digest = await store.writeBlob('layer', OLD);

  await imageAge.touchBlob(digest, PULLED_AT_MS);
  await imageAge.touchBlob(digest, PULLED_AT_MS + 59_999);
  expect(await accessTimes(store, [digest])).toEqual([PULLED_AT_MS]);
  await imageAge.touchBlob(digest, PULLED_AT_MS + 60_000);
  expect(await accessTimes(store, [digest])).toEqual([PULLED_AT_MS + 60_000]);
});

test('an event that comes late does not make a blob older', async () => {
  const { store, imageAge } = await createFixture();
  const digest = await store.writeBlob('layer', { ...OLD, accessedAtMs: PULLED_AT_MS });

  await imageAge.touchBlob(digest, PULLED_AT_MS - 3_600_000);

  expect(await accessTimes(store, [digest])).toEqual([PULLED_AT_MS]);
});

test('what is pulled as a manifest and is none is touched by itself', async () => {
  const { store, imageAge } = await createFixture();
  const text = await store.writeBlob('no JSON', OLD);
  const huge = await store.writeSparseBlob(1, 5 * 1024 * 1024, OLD);

  await imageAge.touchImage(text, PULLED_AT_MS);
  await imageAge.touchImage(huge, PULLED_AT_MS);

  expect(await accessTimes(store, [text, huge])).toEqual([PULLED_AT_MS, PULLED_AT_MS]);
});

test('a blob that is not stored is left alone, and touched when it is', async () => {
  const { store, imageAge } = await createFixture();
  const digest = digestOf(Buffer.from('layer'));

  await imageAge.touchBlob(digest, PULLED_AT_MS);
  await store.writeBlob('layer', OLD);
  await imageAge.touchBlob(digest, PULLED_AT_MS + 1);

  expect(await accessTimes(store, [digest])).toEqual([PULLED_AT_MS + 1]);
});

test('an index that goes on for ever is not followed for ever', async () => {
  const { store, imageAge } = await createFixture();
  const chain = [await writeIndex(store, [])];
  for (let depth = 1; depth < 6; depth++) chain.unshift(await writeIndex(store, chain.slice(0, 1)));
  const [outermost] = chain;
  if (outermost === undefined) throw new Error('expected an index');

  await imageAge.touchImage(outermost, PULLED_AT_MS);

  const times = await accessTimes(store, chain);
  expect(times.map((time) => time === PULLED_AT_MS)).toEqual([true, true, true, false, false, false]);
});

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDigest } from '@registry-cache/oci';
import { expect, test } from 'vitest';
import { walkBlobs } from '../../src/maintenance/walk-blobs.ts';
import { collect } from '../support/collect.ts';
import { createStoreFolder } from '../support/store-folder.ts';

const never = new AbortController().signal;

test('every blob is walked once, with its size and times', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('hello', { accessedAtMs: 2_000_000, filledAtMs: 1_000_000 });
  const others = await Promise.all(Array.from({ length: 300 }, (_, id) => store.writeSparseBlob(id, id)));

  const blobs = await collect(walkBlobs(store.layout, never));

  expect(blobs.map((blob) => blob.digest).toSorted()).toEqual([digest, ...others].toSorted());
  expect(blobs.find((blob) => blob.digest === digest)).toEqual({
    digest,
    sizeBytes: 5,
    accessedAtMs: 2_000_000,
    filledAtMs: 1_000_000,
  });
});

test('a sha512 blob is walked too', async () => {
  const store = await createStoreFolder();
  const hex = 'ab'.repeat(64);
  await store.writeFile(`docker/registry/v2/blobs/sha512/ab/${hex}/data`, 'x');

  const blobs = await collect(walkBlobs(store.layout, never));

  expect(blobs.map((blob) => blob.digest)).toEqual([parseDigest(`sha512:${hex}`)]);
});

test('what is no blob is not walked', async () => {
  const store = await createStoreFolder();
  const hex = 'cd'.repeat(32);
  await store.writeFile(`docker/registry/v2/blobs/sha256/ab/${hex}/data`, 'in the folder of other digests');
  await store.writeFile('docker/registry/v2/blobs/sha256/cd/notes.txt', 'a file');
  await store.writeFile('docker/registry/v2/blobs/sha256/cd/lost+found/data', 'no digest');
  await mkdir(join(store.layout.blobs, 'sha256', 'cd', hex, 'data'), { recursive: true });

  expect(await collect(walkBlobs(store.layout, never))).toEqual([]);
});

test('a store that has no blob yet has nothing to walk', async () => {
  const store = await createStoreFolder();

  expect(await collect(walkBlobs(store.layout, never))).toEqual([]);
});

test('a walk ends when it is told to', async () => {
  const store = await createStoreFolder();
  await store.writeBlob('hello');

  await expect(collect(walkBlobs(store.layout, AbortSignal.abort()))).rejects.toThrow('aborted');
});

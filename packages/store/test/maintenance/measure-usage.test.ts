import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { measureUsage } from '../../src/maintenance/measure-usage.ts';
import { sweepBlobFolders } from '../../src/maintenance/sweep-blob-folders.ts';
import { walkBlobFolders } from '../../src/maintenance/walk-blobs.ts';
import { createStoreFolder } from '../support/store-folder.ts';

const never = new AbortController().signal;

test('the used size is the sum of the blobs', async () => {
  const store = await createStoreFolder();
  await store.writeSparseBlob(1, 1_000);
  await store.writeSparseBlob(2, 234);
  await store.writeFile('registry-cache/fills/quay.io/sha256-ab.running', 'not counted');

  expect(await measureUsage(walkBlobFolders(store.layout, never))).toEqual({
    usedBytes: 1_234,
    blobs: 2,
    emptyFolders: [],
  });
});

test('the folder of a blob that is not there is found and removed', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('hello');
  await rm(store.blobPath(digest));

  const { emptyFolders } = await measureUsage(walkBlobFolders(store.layout, never));
  expect(emptyFolders).toEqual([digest]);
  expect(await sweepBlobFolders(store.layout, emptyFolders, never)).toBe(1);

  await expect(mkdir(dirname(store.blobPath(digest)))).resolves.not.toThrow();
});

test('a folder that was filled meanwhile stays', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('hello');

  expect(await sweepBlobFolders(store.layout, [digest], never)).toBe(0);

  expect(await store.hasBlob(digest)).toBe(true);
});

import { utimes } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { limitBlobTimes } from '../../src/maintenance/limit-blob-times.ts';
import { removeBlobIf } from '../../src/maintenance/remove-blob.ts';
import { walkBlobs } from '../../src/maintenance/walk-blobs.ts';
import { collect } from '../support/collect.ts';
import { createStoreFolder, sparseDigest } from '../support/store-folder.ts';

const never = new AbortController().signal;

test('a blob goes by the times that it has when it is removed, not by those it was seen with', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('hello', { filledAtMs: 1_000_000, accessedAtMs: 2_000_000 });
  const isOld = ({ filledAtMs }: { readonly filledAtMs: number }): boolean => filledAtMs < 3_000_000;

  await utimes(store.blobPath(digest), 2_000, 3_000);
  expect(await removeBlobIf(store.layout, digest, isOld, false)).toBe('spared');
  expect(await store.hasBlob(digest)).toBe(true);

  await utimes(store.blobPath(digest), 4_000, 1_000);
  expect(await removeBlobIf(store.layout, digest, isOld, false)).toBe('removed');
  expect(await removeBlobIf(store.layout, digest, isOld, false)).toBe('absent');
});

test('only times that are too late are brought forward', async () => {
  const store = await createStoreFolder();
  const late = await store.writeBlob('late', { filledAtMs: 9_000_000, accessedAtMs: 1_000_000 });
  const early = await store.writeBlob('early', { filledAtMs: 1_000_000, accessedAtMs: 2_000_000 });

  for (const digest of [late, early, sparseDigest(1)]) await limitBlobTimes(store.layout, digest, 5_000_000);

  const blobs = await collect(walkBlobs(store.layout, never));
  expect(blobs.find(({ digest }) => digest === late)).toMatchObject({
    filledAtMs: 5_000_000,
    accessedAtMs: 1_000_000,
  });
  expect(blobs.find(({ digest }) => digest === early)).toMatchObject({
    filledAtMs: 1_000_000,
    accessedAtMs: 2_000_000,
  });
});

import { mkdir, open, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { evictBlob } from '../../src/maintenance/evict-blob.ts';
import { createStoreFolder } from '../support/store-folder.ts';

test('an evicted blob is gone, and so is its folder', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('hello', { accessedAtMs: 1_000_000 });

  expect(await evictBlob(store.layout, { digest, accessedAtMs: 1_000_000 }, false)).toBe('removed');

  expect(await store.hasBlob(digest)).toBe(false);
  await expect(mkdir(dirname(store.blobPath(digest)))).resolves.not.toThrow();
});

test('a blob that was used since it was seen is spared', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('hello', { accessedAtMs: 1_000_000 });
  await utimes(store.blobPath(digest), 1_001, 1_000);

  expect(await evictBlob(store.layout, { digest, accessedAtMs: 1_000_000 }, false)).toBe('spared');

  expect(await store.hasBlob(digest)).toBe(true);
});

test('who has a blob open reads it to its end after the eviction', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('hello, reader', { accessedAtMs: 1_000_000 });
  const reader = await open(store.blobPath(digest));
  const start = Buffer.alloc(5);
  await reader.read(start, 0, 5, 0);
  await utimes(store.blobPath(digest), 1_000, 1_000);

  expect(await evictBlob(store.layout, { digest, accessedAtMs: 1_000_000 }, false)).toBe('removed');

  expect(start.toString() + (await reader.readFile('utf8'))).toBe('hellohello, reader');
  await reader.close();
});

test('a blob that somebody else removed is absent', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('hello', { accessedAtMs: 1_000_000 });
  await evictBlob(store.layout, { digest, accessedAtMs: 1_000_000 }, false);

  expect(await evictBlob(store.layout, { digest, accessedAtMs: 1_000_000 }, false)).toBe('absent');
});

test('a file of somebody else keeps the folder', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('hello', { accessedAtMs: 1_000_000 });
  const notes = store
    .blobPath(digest)
    .slice(store.rootDirectory.length + 1)
    .replace('data', 'notes');
  await store.writeFile(notes, 'keep me');

  expect(await evictBlob(store.layout, { digest, accessedAtMs: 1_000_000 }, false)).toBe('removed');

  expect(await store.has(notes)).toBe(true);
});

test('a dry run evicts nothing', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('hello', { accessedAtMs: 1_000_000 });

  expect(await evictBlob(store.layout, { digest, accessedAtMs: 1_000_000 }, true)).toBe('removed');

  expect(await store.hasBlob(digest)).toBe(true);
});

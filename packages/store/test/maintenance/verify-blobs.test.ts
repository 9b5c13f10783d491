import { stat, writeFile } from 'node:fs/promises';
import { digestOf } from '@registry-cache/oci';
import { expect, test } from 'vitest';
import { verifyBlobs } from '../../src/maintenance/verify-blobs.ts';
import { collect } from '../support/collect.ts';
import { createStoreFolder } from '../support/store-folder.ts';

const never = new AbortController().signal;

test('a blob whose bytes are what its digest says is intact', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('x'.repeat(3_000_000));

  expect(await collect(verifyBlobs(store.layout, never))).toEqual([
    { kind: 'intact', digest, sizeBytes: 3_000_000 },
  ]);
});

test('a blob with other bytes is reported with the digest that they have', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('right');
  await writeFile(store.blobPath(digest), 'wrong');

  expect(await collect(verifyBlobs(store.layout, never))).toEqual([
    { kind: 'corrupt', digest, sizeBytes: 5, actual: digestOf(Buffer.from('wrong')) },
  ]);
});

test('a check does not make a blob look used', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('hello', { accessedAtMs: 1_000_000 });

  await collect(verifyBlobs(store.layout, never));

  expect((await stat(store.blobPath(digest))).atimeMs).toBe(1_000_000);
});

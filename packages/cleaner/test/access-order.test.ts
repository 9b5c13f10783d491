import { parseDigest } from '@registry-cache/oci';
import { expect, test } from 'vitest';
import { sparseDigest } from '../../store/test/support/store-folder.ts';
import { createAccessOrder } from '../src/access-order.ts';

test('the blob that was used the longest ago comes first', () => {
  const order = createAccessOrder();
  for (const [id, accessedAtMs] of [30, 10, 20].entries()) {
    order.add({ digest: sparseDigest(id), sizeBytes: 1, accessedAtMs });
  }

  expect([...order.leastRecentlyUsed()].map((blob) => blob.digest)).toEqual([1, 2, 0].map(sparseDigest));
});

test('of blobs that were used at once, as an image is, the largest comes first', () => {
  const order = createAccessOrder();
  for (const [id, sizeBytes] of [500, 9_000, 20].entries()) {
    order.add({ digest: sparseDigest(id), sizeBytes, accessedAtMs: 10 });
  }

  expect([...order.leastRecentlyUsed()].map((blob) => blob.sizeBytes)).toEqual([9_000, 500, 20]);
});

test('digests, sizes and times come back as they were, for more blobs than fill one page', () => {
  const blobs = Array.from({ length: 20_000 }, (_, id) => ({
    digest: id % 2 === 0 ? sparseDigest(id) : parseDigest(`sha512:${id.toString(16).padStart(128, '0')}`),
    sizeBytes: 2 ** 40 + id,
    accessedAtMs: 1_700_000_000_000.25 + id,
  }));
  const order = createAccessOrder();
  for (const blob of blobs) order.add(blob);

  expect([...order.leastRecentlyUsed()]).toEqual(blobs);
  expect(order.usedBytes).toBe(blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
});

test('a blob that is kept counts, and is in no order', () => {
  const order = createAccessOrder((digest) => digest === sparseDigest(1));
  for (const [id, accessedAtMs] of [30, 10, 20].entries()) {
    order.add({ digest: sparseDigest(id), sizeBytes: 100 + id, accessedAtMs });
  }

  expect([...order.leastRecentlyUsed()].map((blob) => blob.digest)).toEqual([2, 0].map(sparseDigest));
  expect(order).toMatchObject({ usedBytes: 303, kept: { blobs: 1, bytes: 101 }, oldestAccessMs: 20 });
});

import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { getManifest, pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { addColdImage } from '../support/image/cold-image.ts';

const { upstream, client } = await startCachedUpstream(closeAfterAll());

test('the first pull is a miss and the second makes no blob request upstream', async () => {
  const image = addColdImage(upstream, 'twice');
  const first = await cacheImage(client, image.name, 'v1');
  expect(first.blobs.map(({ outcome }) => outcome)).toEqual(['miss', 'miss', 'miss']);
  upstream.forgetRequests();

  const second = await pullImage(client, image.name, 'v1');
  expect(second.blobs.map(({ outcome }) => outcome)).toEqual(['hit', 'hit', 'hit']);
  expect(upstream.blobRequests()).toEqual([]);
});

test('a pull by digest of what is cached makes no request upstream', async () => {
  const image = addColdImage(upstream, 'by-digest');
  await cacheImage(client, image.name, image.root.digest);
  upstream.forgetRequests();

  const second = await pullImage(client, image.name, image.root.digest);
  expect(second.root.outcome).toBe('hit');
  expect(upstream.requests).toEqual([]);
});

test('a tag is answered without asking the upstream as long as it is fresh', async () => {
  const image = addColdImage(upstream, 'fresh');
  await getManifest(client, image.name, 'v1');
  upstream.forgetRequests();

  const second = await getManifest(client, image.name, 'v1');
  expect(second.outcome).toBe('hit');
  expect(Number(second.headers.age)).toBeGreaterThanOrEqual(0);
  expect(upstream.requests).toEqual([]);
});

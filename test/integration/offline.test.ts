import { expect, test } from 'vitest';
import { startCache } from '../support/cache/start-cache.ts';
import { startCachedUpstream, type CachedUpstream } from '../support/cached-upstream.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { getManifest, pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll, closeAtEnd } from '../support/close-at-end.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { fail, tooManyRequests } from '../support/upstream/behaviours.ts';

const closeLater = closeAfterAll();
const { upstream, client } = await startCachedUpstream(closeLater, { entry: { tagttl: '0s' } });

test('what is not cached is an error while the upstream is stopped, and a miss when it is back', async () => {
  const image = addColdImage(upstream, 'not-cached');
  await upstream.stop();
  try {
    const refused = await client.get(`/v2/${image.name}/manifests/v1`);
    expect(refused.status).toBeGreaterThanOrEqual(500);
  } finally {
    await upstream.start();
  }
  expect((await pullImage(client, image.name, 'v1')).root.outcome).toBe('miss');
});

test('a tag is answered from disk when the upstream answers 503', async () => {
  const image = addColdImage(upstream, 'stale-503');
  await pullImage(client, image.name, 'v1');
  const stopFailing = upstream.misbehave({ path: new RegExp(image.repository) }, fail(503));
  expect(await getManifest(client, image.name, 'v1')).toMatchObject({
    outcome: 'stale',
    digest: image.root.digest,
  });
  stopFailing();
});

test('a busy upstream keeps its Retry-After on the way to the client', async () => {
  const image = addColdImage(upstream, 'retry-after');
  upstream.misbehave({ path: new RegExp(image.repository) }, tooManyRequests(17));
  const { status, headers } = await client.get(`/v2/${image.name}/manifests/v1`);
  expect([status, headers['retry-after']]).toEqual([429, '17']);
});

test('a restarted cache serves what the one before it cached, with its upstream stopped', async () => {
  const first = await startCachedUpstream(closeAtEnd);
  const image = addColdImage(first.upstream, 'restarted');
  await cacheImage(first.client, image.name, 'v1');
  await first.cache.stop();
  await first.upstream.stop();
  const second = closeAtEnd(await restarted(first));
  expect((await pullImage(second.client(), image.name, 'v1')).root.digest).toBe(image.root.digest);
});

async function restarted({ ca, cache, upstream: stopped }: CachedUpstream): ReturnType<typeof startCache> {
  const storage = { filesystem: { rootdirectory: cache.folder.data } };
  return startCache({ ca, upstreams: { 'quay.io': { url: stopped.origin } }, config: { storage } });
}

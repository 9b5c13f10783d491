import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { isRunning } from '../support/cache/process-tree.ts';
import { blobPath } from '../support/client/pull-image.ts';
import { receive } from '../support/client/registry-client.ts';
import { closeAtEnd } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { createGate } from '../support/gate.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { stallAfter } from '../support/upstream/behaviours.ts';

test('a pull in flight finishes after SIGTERM while new connections are refused', async () => {
  const { upstream, cache, client } = await startCachedUpstream(closeAtEnd);
  const children = await cache.children();
  const image = addColdImage(upstream, 'drain', { layers: [8_000_000] });
  const gate = createGate();
  upstream.misbehave({ path: new RegExp(image.layerDigest) }, stallAfter(1_000_000, gate.opened));
  const response = await client.open('GET', blobPath(image.name, image.layerDigest));

  cache.terminate();
  await eventually('new connections are refused', () =>
    cache
      .client()
      .get('/v2/')
      .then(() => false)
      .catch((err: NodeJS.ErrnoException) => err.code === 'ECONNREFUSED'),
  );
  gate.open();
  expect(await receive('layer', response)).toMatchObject({ complete: true, digest: image.layerDigest });
  expect(await cache.exited()).toBe(0);
  expect(children.filter(({ pid }) => isRunning(pid))).toEqual([]);
});

test('a pull that does not end holds the cache up no longer than the drain timeout', async () => {
  const { upstream, cache, client } = await startCachedUpstream(closeAtEnd, {
    env: { REGISTRY_HTTP_DRAINTIMEOUT: '500ms' },
  });
  const image = addColdImage(upstream, 'no-end', { layers: [8_000_000] });
  upstream.misbehave({ path: new RegExp(image.layerDigest) }, stallAfter(1_000_000, createGate().opened));
  const response = await client.open('GET', blobPath(image.name, image.layerDigest));
  cache.terminate();
  expect(await receive('layer', response)).toMatchObject({ complete: false });
  expect(await cache.exited()).toBe(0);
});

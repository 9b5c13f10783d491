import { expect, test } from 'vitest';
import {
  startEndpointServer,
  type EndpointServer,
} from '../../packages/logger/test/support/endpoint-server.ts';
import { cacheConfig } from '../support/cache/cache-config.ts';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { blobPath, getManifest } from '../support/client/pull-image.ts';
import { closeAtEnd } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { findFreePort } from '../support/free-port.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { fail, wrongBytes } from '../support/upstream/behaviours.ts';

const SOON = { threshold: 1, backoff: '100ms' };

function endpointsConfig(endpoints: readonly object[], cleaner: object = {}): Record<string, unknown> {
  return { notifications: { endpoints }, cleaner };
}

test('a pull, an eviction and a failed fill arrive at an endpoint that was down at first', async () => {
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}/events`;
  const headers = { Authorization: ['Bearer secret-token'] };
  const { upstream, cache, client } = await startCachedUpstream(closeAtEnd, {
    config: endpointsConfig([{ name: 'down', url, headers, ...SOON }], { blobttl: '2s' }),
  });
  const image = addColdImage(upstream, 'notified');
  const broken = addColdImage(upstream, 'notified-broken');

  await cacheImage(client, image.name, 'v1');
  const behaveAgain = upstream.misbehave(
    { method: 'GET', path: new RegExp(broken.layerDigest) },
    wrongBytes(),
  );
  await client.get(blobPath(broken.name, broken.layerDigest)).catch(() => undefined);
  behaveAgain();
  await eventually('the logger has noticed that nobody takes its events', () =>
    cache.log.lines.some(({ msg }) => msg === 'notifications are not taken, trying again'),
  );
  await eventually('the blob that was pulled has expired', () =>
    cache.log.lines.some(({ msg }) => msg === 'expired'),
  );
  const server = await startEndpointServer({ port });

  await expect
    .poll(() => server.events(), { timeout: 15_000 })
    .toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          action: 'pull',
          target: expect.objectContaining({ repository: image.name, tag: 'v1', digest: image.root.digest }),
          cache: expect.objectContaining({ outcome: 'miss', status: 200 }),
        }),
        expect.objectContaining({
          action: 'evict',
          target: expect.objectContaining({ digest: image.layerDigest, size: image.layer.sizeBytes }),
          cache: { why: 'age' },
        }),
        expect.objectContaining({
          action: 'fill-failed',
          target: expect.objectContaining({ repository: broken.name, digest: broken.layerDigest }),
        }),
      ]),
    );
  expect(server.envelopes[0]?.headers.authorization).toBe('Bearer secret-token');
  expect(cache.log.text()).not.toContain('secret-token');
});

test('what is evicted for want of room says so', async () => {
  const server = await startEndpointServer();
  const url = `http://127.0.0.1:${server.port}/`;
  const { upstream, client } = await startCachedUpstream(closeAtEnd, {
    config: endpointsConfig([{ name: 'room', url, ignore: { actions: ['pull'] } }], {
      maxsize: '16K',
      thresholdpercentage: 0,
      runevery: '1s',
    }),
  });
  const image = addColdImage(upstream, 'notified-room');

  await client.get(blobPath(image.name, image.layerDigest));

  await expect
    .poll(() => server.events(), { timeout: 15_000 })
    .toContainEqual(
      expect.objectContaining({
        action: 'evict',
        target: expect.objectContaining({ digest: image.layerDigest }),
        cache: { why: 'space' },
      }),
    );
  expect(server.events().filter(({ action }) => action === 'pull')).toEqual([]);
});

test('a blob that the upstream does not begin to send is a failed fill too', async () => {
  const server = await startEndpointServer();
  const url = `http://127.0.0.1:${server.port}/`;
  const { upstream, client } = await startCachedUpstream(closeAtEnd, {
    config: endpointsConfig([{ name: 'begun', url }]),
  });
  const image = addColdImage(upstream, 'notified-begun');
  upstream.misbehave({ path: new RegExp(image.layerDigest) }, fail(500));

  await client.get(blobPath(image.name, image.layerDigest));

  await expect
    .poll(() => server.events(), { timeout: 15_000 })
    .toContainEqual(
      expect.objectContaining({
        action: 'fill-failed',
        target: expect.objectContaining({ repository: image.name, digest: image.layerDigest }),
        cache: { reason: expect.stringContaining('500') },
      }),
    );
});

test('an endpoint that is added while the cache runs is told of what happens then, and one that is taken out is not', async () => {
  const [first, second] = [await startEndpointServer(), await startEndpointServer()];
  const endpoint = (name: string, { port }: { readonly port: number }): object => ({
    name,
    url: `http://127.0.0.1:${port}/`,
  });
  const { upstream, cache, client } = await startCachedUpstream(closeAtEnd, {
    config: endpointsConfig([endpoint('first', first)]),
  });
  const image = addColdImage(upstream, 'notified-reload');
  await getManifest(client, image.name, 'v1');
  await expect.poll(() => first.events().length).toBe(1);

  const upstreams = { 'quay.io': { url: upstream.origin } };
  const config = endpointsConfig([endpoint('second', second)]);
  await cache.folder.writeConfig(cacheConfig({ upstreams, config }, cache.folder, cache.port));

  await eventually('the second endpoint is told of a pull', async () => {
    await getManifest(client, image.name, 'v1');
    return second.events().length > 0;
  });
  await getManifest(client, image.name, image.root.digest);
  const pulled = ({ events }: EndpointServer): unknown[] =>
    events().map(({ target }) => target['tag'] ?? target['digest']);
  await expect.poll(() => pulled(second)).toContain(image.root.digest);
  expect(pulled(first)).not.toContain(image.root.digest);
});

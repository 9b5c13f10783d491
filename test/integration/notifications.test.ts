import { beforeAll, expect, test } from 'vitest';
import {
  startEndpointServer,
  type EndpointServer,
} from '../../packages/logger/test/support/endpoint-server.ts';
import { cacheConfig } from '../support/cache/cache-config.ts';
import { startCachedUpstream, type CachedUpstream } from '../support/cached-upstream.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { blobPath, getManifest } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { findFreePort } from '../support/free-port.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { fail, wrongBytes } from '../support/upstream/behaviours.ts';

const ROOM = { maxsize: '16K', thresholdpercentage: 0, runevery: '1s' };

const closeLater = closeAfterAll();
let cached: CachedUpstream;
let firstPort: number;

beforeAll(async () => {
  firstPort = await findFreePort();
  const room = { name: 'room', url: urlOf(firstPort), ignore: { actions: ['pull'] } };
  cached = await startCachedUpstream(closeLater, { config: endpointsConfig([room], ROOM) });
});

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}/events`;
}

function endpointsConfig(endpoints: readonly object[], cleaner: object): Record<string, unknown> {
  return { notifications: { endpoints }, cleaner };
}

/** Has the running cache take another configuration. */
async function reload(endpoints: readonly object[], cleaner: object = ROOM): Promise<void> {
  const { upstream, cache } = cached;
  const upstreams = { 'quay.io': { url: upstream.origin } };
  const config = endpointsConfig(endpoints, cleaner);
  await cache.folder.writeConfig(cacheConfig({ upstreams, config }, cache.folder, cache.port));
}

// The first one: the cache starts like that.
test('what is evicted for want of room says so', async () => {
  const server = await startEndpointServer({ port: firstPort });
  const { upstream, client } = cached;
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
  const { upstream, client } = cached;
  const image = addColdImage(upstream, 'notified-begun');
  upstream.misbehave({ path: new RegExp(image.layerDigest) }, fail(500));

  await reload([{ name: 'begun', url: urlOf(server.port) }]);
  const eventsNow = async (): Promise<unknown> => {
    await client.get(blobPath(image.name, image.layerDigest));
    return server.events();
  };
  await expect.poll(eventsNow, { interval: 100, timeout: 15_000 }).toContainEqual(
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
    url: urlOf(port),
  });
  const { upstream, client } = cached;
  const image = addColdImage(upstream, 'notified-reload');
  await reload([endpoint('first', first)]);
  await eventually('the first endpoint is told of a pull', async () => {
    await getManifest(client, image.name, 'v1');
    return first.events().length > 0;
  });

  await reload([endpoint('second', second)]);
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

test('a pull, an eviction and a failed fill arrive at an endpoint that was down at first', async () => {
  const port = await findFreePort();
  const headers = { Authorization: ['Bearer secret-token'] };
  const down = { name: 'down', url: urlOf(port), headers, threshold: 1, backoff: '100ms' };
  const { upstream, cache, client } = cached;
  await reload([down], { blobttl: '2s' });
  const probe = addColdImage(upstream, 'notified-probe');
  await eventually('the logger has noticed that nobody takes its events', async () => {
    await getManifest(client, probe.name, 'v1');
    return cache.log.lines.some(
      ({ msg, host }) => msg.includes('not taken, trying again') && host === `127.0.0.1:${port}`,
    );
  });
  // Less than there was room for, should the cleaner be the one of before.
  const image = addColdImage(upstream, 'notified', { layers: [2_000] });
  const broken = addColdImage(upstream, 'notified-broken', { layers: [2_000] });

  await cacheImage(client, image.name, 'v1');
  const behaveAgain = upstream.misbehave(
    { method: 'GET', path: new RegExp(broken.layerDigest) },
    wrongBytes(),
  );
  await client.get(blobPath(broken.name, broken.layerDigest)).catch(() => undefined);
  behaveAgain();
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

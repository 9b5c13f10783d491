import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { measureProcesses, type ProcessResources } from '../support/cache/process-resources.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { blobPath, getBlob, pullImage } from '../support/client/pull-image.ts';
import { openRawConnections } from '../support/client/raw-connections.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { addColdImage } from '../support/image/cold-image.ts';

const MIB = 1024 * 1024;
// A reader that has stopped holds two chunks of 512 KiB, and as much again encrypted.
const MAX_BYTES_PER_READER = 3 * MIB;

const { upstream, cache, client } = await startCachedUpstream(closeAfterAll());

async function measureProxy(): Promise<ProcessResources> {
  const proxy = (await measureProcesses(cache)).find(({ name }) => name === 'proxy');
  if (proxy === undefined) throw new Error('there is no proxy');
  return proxy;
}

test('readers that stop in the middle of a stored blob cost little memory, and a file for as long as they are there', async () => {
  const image = addColdImage(upstream, 'stalled-readers', { layers: [24 * MIB] });
  await cacheImage(client, image.name, 'v1');
  const before = await measureProxy();
  const path = blobPath(image.name, image.layerDigest);
  const stalled: IncomingMessage[] = [];
  for (let count = 0; count < 60; count += 1) {
    stalled.push((await cache.client().open('GET', path)).pause());
  }
  await expect(getBlob(client, image.name, image.layerDigest)).resolves.toBeDefined();
  const during = await measureProxy();
  expect(during.descriptors).toBeGreaterThanOrEqual(before.descriptors + 120);
  expect(during.residentBytes - before.residentBytes).toBeLessThan(60 * MAX_BYTES_PER_READER);

  for (const response of stalled) response.on('error', () => {}).destroy();
  await eventually('files and connections are closed', async () => {
    return (await measureProxy()).descriptors <= before.descriptors + 4;
  });
});

test('heads that never end keep nobody from pulling', async () => {
  const dribbling = await openRawConnections(cache, 200, {
    send: 'GET /v2/quay.io/slow/image/manifests/v1 HTTP/1.1\r\nHost: cache\r\nX-Slow: ',
    answered: false,
  });
  for (const socket of dribbling.sockets) socket.write('x');
  const image = addColdImage(upstream, 'beside-slow-heads');
  await expect(pullImage(cache.client(), image.name, 'v1')).resolves.toBeDefined();
  expect((await cache.client().get('/readyz')).status).toBe(200);
  expect(upstream.requests.filter(({ path }) => path.includes('slow/image'))).toEqual([]);
  await dribbling.close();
});

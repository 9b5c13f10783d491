import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { measureProcesses, type ProcessResources } from '../support/cache/process-resources.ts';
import { blobPath, pullImage } from '../support/client/pull-image.ts';
import { openRawConnections } from '../support/client/raw-connections.ts';
import { receive, type RegistryClient } from '../support/client/registry-client.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { addColdImage, type ColdImage } from '../support/image/cold-image.ts';

const MIB = 1024 * 1024;
// Twice what these loads cost, and far below what they would cost where buffers are unbounded.
const MAX_RESIDENT_BYTES = 400 * MIB;
// Connections that are kept for the next request: of the proxy to its worker, of the worker to its upstream.
const KEPT_DESCRIPTORS = 40;

const { upstream, cache, client } = await startCachedUpstream(closeAfterAll());
await pullImage(client, addColdImage(upstream, 'warm-up').name, 'v1');
const before = await measureProcesses(cache);
const most = new Map<string, number>();

const clients = [client];
function newClient(): RegistryClient {
  const created = cache.client();
  clients.push(created);
  return created;
}

/** Answers of a client that comes anew, as those of a kubelet do. */
async function expectHealthy(): Promise<void> {
  const probe = newClient();
  expect((await probe.get('/healthz')).status).toBe(200);
  expect((await probe.get('/readyz')).status).toBe(200);
  await probe.close();
}

async function measure(): Promise<ProcessResources[]> {
  const processes = await measureProcesses(cache);
  for (const { name, residentBytes } of processes)
    most.set(name, Math.max(most.get(name) ?? 0, residentBytes));
  return processes;
}

/** Each blob of an image was sent once. */
function expectOneTransferEach({ blobs }: ColdImage): void {
  const transfers = blobs.map(
    ({ digest }) => upstream.blobRequests(digest).filter(({ method }) => method === 'GET').length,
  );
  expect(transfers).toEqual(blobs.map(() => 1));
}

/** As many as were asked for, or as this process may open. */
async function affordableConnections(wanted: number): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8');
  const [, soft = '1024'] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  return Math.min(wanted, Math.floor((Number(soft) - 256) / 3));
}

test('idle connections by the thousand are kept, while others pull and probes are answered', async () => {
  const count = await affordableConnections(1000);
  const idle = await openRawConnections(cache, count, {
    send: 'GET /healthz HTTP/1.1\r\nHost: cache\r\n\r\n',
    answered: true,
  });
  await expectHealthy();
  await pullImage(newClient(), addColdImage(upstream, 'beside-idle-ones').name, 'v1');
  const proxy = (await measure()).find(({ name }) => name === 'proxy');
  expect(idle.sockets.filter(({ closed }) => closed)).toEqual([]);
  expect(proxy?.descriptors).toBeGreaterThan(count);
  await idle.close();
});

test('sixty slow readers of one cold blob cost one transfer, and each gets the right bytes', async () => {
  const image = addColdImage(upstream, 'slow-readers', { layers: [8 * MIB] });
  const path = blobPath(image.name, image.layerDigest);
  const responses = await Promise.all(
    Array.from({ length: 60 }, async () => (await newClient().open('GET', path)).pause()),
  );
  await expectHealthy();
  await pullImage(newClient(), addColdImage(upstream, 'beside-slow-ones').name, 'v1');
  await measure();
  const received = await Promise.all(responses.map((response) => receive(path, response)));
  expect(received.filter(({ digest }) => digest === image.layerDigest)).toHaveLength(60);
  await measure();
  expect(upstream.blobRequests(image.layerDigest)).toHaveLength(1);
});

test('a herd of a hundred on one cold image costs one transfer of each blob', async () => {
  const image = addColdImage(upstream, 'herd-of-a-hundred', { layers: [400_000, 30_000, 1_000] });
  const pulls = Array.from({ length: 100 }, () => pullImage(newClient(), image.name, 'v1'));
  await expectHealthy();
  await expect(Promise.all(pulls)).resolves.toHaveLength(100);
  await measure();
  expectOneTransferEach(image);
});

test('fifty cold images at once cost one transfer of each blob', async () => {
  const images = Array.from({ length: 50 }, (_, index) => addColdImage(upstream, `one-of-fifty-${index}`));
  const pulls = images.map((image) => pullImage(newClient(), image.name, 'v1'));
  await expectHealthy();
  await expect(Promise.all(pulls)).resolves.toHaveLength(50);
  await measure();
  for (const image of images) expectOneTransferEach(image);
});

test('every process has given its descriptors back', async () => {
  const atStart = new Map(before.map(({ pid, descriptors }) => [pid, descriptors]));
  // The connections of every client so far are idle, and end with their clients.
  await Promise.all(clients.map((each) => each.close()));
  await eventually('descriptors are back at the start', async () => {
    const now = await measureProcesses(cache);
    return now.every(({ pid, descriptors }) => descriptors <= (atStart.get(pid) ?? 0) + KEPT_DESCRIPTORS);
  });
});

test('no process was restarted, and their memory is bounded', async () => {
  const now = await measure();
  expect(now.map(({ pid }) => pid)).toEqual(before.map(({ pid }) => pid));
  for (const [name, residentBytes] of most) expect(residentBytes, name).toBeLessThan(MAX_RESIDENT_BYTES);
});

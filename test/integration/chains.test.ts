import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { UpstreamEntry } from '../support/cache/cache-config.ts';
import type { RunningCache } from '../support/cache/running-cache.ts';
import { startCache } from '../support/cache/start-cache.ts';
import { createCertificateAuthority } from '../support/certificates.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { createLoginClient, type Login, type LoginClient } from '../support/client/login-client.ts';
import { blobPath, getBlob, pullImage } from '../support/client/pull-image.ts';
import { receive } from '../support/client/registry-client.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { createGate } from '../support/gate.ts';
import { addPeople, addPrivateImage, ALICE, BOB, CAROL } from '../support/origin/people.ts';
import { startOrigin, type OriginRequest } from '../support/origin/start-origin.ts';
import { fail, stallAfter, wrongBytes } from '../support/upstream/behaviours.ts';
import { startUpstream } from '../support/upstream/start-upstream.ts';

// An edge near the clients has two neighbours, and they have the origin.
const closeLater = closeAfterAll();
const ca = await createCertificateAuthority();
const tls = await ca.issue();
const origin = closeLater(await startOrigin({ tls }));
addPeople(origin);
/** A neighbour that no cache is: what it sends, the tests say. */
const stranger = closeLater(await startUpstream({ tls }));

const ORIGIN = 'origin.example.com';
const toOrigin = { url: origin.origin, authorization: 'origin', default: true, tagttl: '0s' } as const;
const startNeighbour = async (): Promise<RunningCache> =>
  closeLater(await startCache({ ca, upstreams: { [ORIGIN]: toOrigin } }));
const [left, right] = await Promise.all([startNeighbour(), startNeighbour()]);
const edge = closeLater(
  await startCache({
    ca,
    upstreams: {
      [ORIGIN]: { ...toOrigin, caches: [left.origin, right.origin] },
      'strange.example.com': { url: origin.origin, authorization: 'origin', caches: [stranger.origin] },
      /** All of this comes through a neighbour. */
      'through.example.com': { url: right.origin, authorization: 'origin' },
    },
  }),
);

function loginClient(login: Login): LoginClient {
  return closeLater(createLoginClient({ origin: edge.origin, ca: ca.certificate }, login));
}

const alice = loginClient(ALICE);
/** The caches that a request came through. */
const cachesOf = ({ via = '' }: OriginRequest): string[] => via.match(/\bregistry-cache-[^\s,]+/g) ?? [];
const blobsSent = (digest = ''): OriginRequest[] =>
  origin
    .asked({ method: 'GET', path: new RegExp(`/blobs/${digest}`) })
    .filter(({ status }) => status === 200 || status === 206);

test('blobs come through a neighbour, and manifests from the origin', async () => {
  const image = addPrivateImage(origin, 'chained');
  await cacheImage(alice, image.repository, 'v1');
  expect(blobsSent().map((request) => cachesOf(request).length)).toEqual([2, 2, 2]);
  const manifests = origin.asked({ method: 'GET', path: /\/manifests\// });
  expect(new Set(manifests.map((request) => cachesOf(request).length))).toEqual(new Set([1]));
  expect(new Set(origin.asked({ path: /^\/v2\/cold/ }).map(({ user }) => user ?? 'nobody'))).not.toContain(
    'robot',
  );
});

test('the login of the client is the one that the origin sees', async () => {
  const image = addPrivateImage(origin, 'travelling');
  origin.forgetRequests();
  await cacheImage(loginClient(CAROL), image.repository, 'v1');
  expect(new Set(blobsSent().map(({ user }) => user))).toEqual(new Set(['carol']));
  await expect(pullImage(loginClient(BOB), image.repository, 'v1')).rejects.toThrow('403');
  expect((await loginClient(BOB).get(blobPath(image.repository, image.layerDigest))).status).toBe(403);
});

test('a cache of a cache asks the origin for everything in the name of the client', async () => {
  const image = addPrivateImage(origin, 'through');
  const name = `through.example.com/${image.repository}`;
  const refused = await loginClient(BOB).get(`/v2/${name}/manifests/v1`);
  expect(refused.status).toBe(403);
  origin.forgetRequests();
  await cacheImage(alice, name, 'v1');
  const asked = origin.asked({ path: /^\/v2\/cold/ }).filter(({ status }) => status === 200);
  expect(new Set(asked.map(({ user }) => user))).toEqual(new Set(['alice']));
  expect(new Set(asked.map((request) => cachesOf(request).length))).toEqual(new Set([2]));
  expect((await loginClient(BOB).get(blobPath(name, image.layerDigest))).status).toBe(403);
});

test('a signed query travels too', async () => {
  const image = addPrivateImage(origin, 'signed-chain');
  const path = blobPath(image.repository, image.layerDigest);
  const query = origin.sign(path, 'alice', 60);
  const received = await edge.client().get(path + query);
  expect(received).toMatchObject({ status: 200, complete: true, digest: image.layerDigest });
  expect(blobsSent(image.layerDigest)).toMatchObject([{ user: 'alice', credential: 'signature' }]);
  const late = await edge.client().get(path + origin.sign(path, 'alice', -1));
  expect([401, 403]).toContain(late.status);
});

test('what a neighbour has is not taken from the origin', async () => {
  const image = addPrivateImage(origin, 'known-nearby');
  for (const neighbour of [left, right]) {
    const there = createLoginClient({ origin: neighbour.origin, ca: ca.certificate }, ALICE);
    await cacheImage(closeLater(there), image.repository, 'v1');
  }
  origin.forgetRequests();
  await pullImage(alice, image.repository, 'v1');
  expect(blobsSent()).toEqual([]);
});

test('wrong bytes of a neighbour are never a complete answer, and the next pull succeeds', async () => {
  const image = addPrivateImage(origin, 'wrong-bytes', { layers: [3_000_000] });
  stranger.addImage(image.repository, 'v1', image);
  const path = new RegExp(image.layerDigest);
  const endLying = stranger.misbehave({ method: 'GET', path }, wrongBytes());
  const name = `strange.example.com/${image.repository}`;
  const first = await alice.get(blobPath(name, image.layerDigest));
  expect(stranger.blobRequests(image.layerDigest)).not.toEqual([]);
  expect(first.complete && first.digest !== image.layerDigest).toBe(false);
  expect(await alice.get(blobPath(name, image.layerDigest))).toMatchObject({
    status: 200,
    complete: true,
    digest: image.layerDigest,
  });
  endLying();
});

test.each([404, 401, 500, 508])('a neighbour that answers %i is passed over', async (status) => {
  const image = addPrivateImage(origin, `neighbour-${status}`);
  stranger.misbehave({ path: new RegExp(image.repository) }, fail(status));
  const name = `strange.example.com/${image.repository}`;
  expect((await getBlob(alice, name, image.layerDigest)).outcome).toBe('miss');
});

test('neighbours that name each other do not go in circles', async () => {
  const image = addPrivateImage(origin, 'mutual');
  await reload(right, { ...toOrigin, caches: [edge.origin] });
  for (const { digest } of image.blobs)
    await expect(getBlob(alice, image.repository, digest)).resolves.toBeDefined();
  expect(blobsSent(image.layerDigest)).toHaveLength(1);
});

test('a circle without an origin is answered with an error that says so', async () => {
  await reload(right, { ...toOrigin, url: edge.origin });
  const image = addPrivateImage(origin, 'circle');
  const path = `through.example.com/${image.repository}`;
  const basic = edge.client(`${ALICE.user}:${ALICE.password}`);
  for (const asked of [`/v2/${path}/manifests/v1`, blobPath(path, image.layerDigest)]) {
    const { status, bytes } = await basic.get(asked);
    expect(status).toBeGreaterThanOrEqual(500);
    expect(Buffer.from(bytes).toString()).toMatch(/loop/i);
  }
  expect(origin.asked({ path: new RegExp(image.repository) })).toEqual([]);
  await reload(right, toOrigin);
  await eventually('the circle is open', async () => {
    return (await basic.get(`/v2/${path}/manifests/v1`)).status === 200;
  });
});

test('a neighbour that is killed while it sends is not missed', async () => {
  const image = addPrivateImage(origin, 'killed', { layers: [6_000_000] });
  const gate = createGate();
  const match = { method: 'GET', path: new RegExp(image.layerDigest) };
  const behave = origin.misbehave(match, stallAfter(3_000_000, gate.opened));
  const pulling = receive('layer', await alice.open('GET', blobPath(image.repository, image.layerDigest)));
  const killed = await eventually('a neighbour fills', async () => {
    for (const neighbour of [left, right]) if ((await fillsOf(neighbour)) > 0) return neighbour;
    return undefined;
  });
  await eventually('half of it is sent', () => origin.requestsTo(match)[0]?.bytesSent === 3_000_000);
  const pids = (await killed.children()).map(({ pid }) => pid);
  for (const pid of [killed.pid, ...pids]) process.kill(pid, 'SIGKILL');
  behave();
  gate.open();
  expect(await pulling).toMatchObject({ status: 200, complete: true, digest: image.layerDigest });

  const next = addPrivateImage(origin, 'after-it-was-killed', { layers: [1_000, 2_000, 3_000] });
  await expect(pullImage(alice, next.repository, 'v1')).resolves.toBeDefined();
});

async function reload(cache: RunningCache, entry: UpstreamEntry): Promise<void> {
  const reloads = (): number => cache.log.lines.filter(({ msg }) => msg === 'settings reloaded').length;
  const before = reloads();
  await cache.writeUpstreams({ [ORIGIN]: entry });
  await eventually('the settings are reloaded', () => reloads() > before);
}

async function fillsOf(cache: RunningCache): Promise<number> {
  try {
    return (await readdir(join(cache.folder.data, 'registry-cache/fills', ORIGIN))).length;
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return 0;
    throw err;
  }
}

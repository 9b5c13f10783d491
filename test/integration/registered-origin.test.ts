import { expect, test } from 'vitest';
import { createCertificateAuthority } from '../support/certificates.ts';
import {
  createLoginClient,
  findBearerChallenge,
  type Login,
  type LoginClient,
} from '../support/client/login-client.ts';
import { blobPath, getManifest } from '../support/client/pull-image.ts';
import type { Received } from '../support/client/registry-client.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import type { ColdImage } from '../support/image/cold-image.ts';
import { textOf } from '../support/origin/ask-for-all.ts';
import {
  addPeople,
  addPrivateImage,
  ALICE,
  BOB,
  CAROL,
  getOriginToken,
  ROBOT,
} from '../support/origin/people.ts';
import { startContentCache } from '../support/origin/start-content-cache.ts';
import { startOrigin } from '../support/origin/start-origin.ts';
import { resetAfter } from '../support/upstream/behaviours.ts';

// Clients pull from the origin, which sends them to the cache of their choice for blobs.
const closeLater = closeAfterAll();
const ca = await createCertificateAuthority();
const origin = closeLater(await startOrigin({ tls: await ca.issue() }));
addPeople(origin);
const cache = closeLater(await startContentCache({ ca, origin }));
const atCache = cache.client();
origin.register('near', cache.origin);
for (const { user } of [ALICE, CAROL]) origin.choose(user, 'near');

function clientOfOrigin(login: Login): LoginClient {
  return closeLater(createLoginClient({ origin: origin.origin, ca: ca.certificate }, login));
}

/** Where the origin sends a client for the layer; without the cache's own address. */
async function redirectOf(client: LoginClient, image: ColdImage): Promise<string> {
  const { status, headers } = await client.get(blobPath(image.repository, image.layerDigest));
  expect(status).toBe(307);
  const location = headers.location ?? '';
  expect(location.startsWith(`${cache.origin}/v2/`)).toBe(true);
  return location.slice(cache.origin.length);
}

/** As a client does that leaves its login behind at the origin. */
async function followRedirect(client: LoginClient, image: ColdImage): Promise<Received> {
  return atCache.get(await redirectOf(client, image));
}

test('a client gets its manifest from the origin and its blobs from the cache', async () => {
  const image = addPrivateImage(origin, 'redirected');
  const alice = clientOfOrigin(ALICE);
  expect((await getManifest(alice, image.repository, 'v1')).digest).toBe(image.root.digest);
  expect(await followRedirect(alice, image)).toMatchObject({
    status: 200,
    outcome: 'miss',
    complete: true,
    digest: image.layerDigest,
  });
});

test('each further client is a hit for the cache and a question to the origin', async () => {
  const image = addPrivateImage(origin, 'each-client');
  await followRedirect(clientOfOrigin(ALICE), image);
  for (const login of [ALICE, CAROL]) {
    const client = clientOfOrigin(login);
    await expect.poll(async () => (await followRedirect(client, image)).outcome).toBe('hit');
  }
  const byCache = origin
    .asked({ path: blobPath(image.repository, image.layerDigest) })
    .filter(({ via }) => via !== undefined);
  expect(new Set(byCache.map(({ user }) => user))).toEqual(new Set(['alice', 'carol']));
  expect(new Set(byCache.map(({ credential }) => credential))).toEqual(new Set(['signature']));
  expect(byCache.filter(({ method, status }) => method === 'GET' && status === 200)).toHaveLength(1);
});

test('a signed query is a credential for its blob, whether that is cached or not', async () => {
  const image = addPrivateImage(origin, 'signed');
  const path = blobPath(image.repository, image.layerDigest);
  const cold = await atCache.get(path + origin.sign(path, 'alice', 60));
  expect(cold).toMatchObject({ status: 200, complete: true, digest: image.layerDigest });
  await expect
    .poll(async () => (await atCache.get(path + origin.sign(path, 'alice', 60))).outcome)
    .toBe('hit');

  origin.forgetRequests();
  const cached = await atCache.get(path + origin.sign(path, 'carol', 60));
  expect(cached).toMatchObject({ status: 200, digest: image.layerDigest, outcome: 'hit' });
  expect(origin.asked({ path })).toMatchObject([{ method: 'HEAD', user: 'carol', credential: 'signature' }]);
});

test('HEAD and ranges follow the redirect too', async () => {
  const image = addPrivateImage(origin, 'head-and-range', { layers: [300_000] });
  const alice = clientOfOrigin(ALICE);
  const head = await atCache.head(await redirectOf(alice, image));
  expect(head).toMatchObject({ status: 200, headers: { 'content-length': '300000' } });
  const range = { headers: { range: 'bytes=200000-200009' } };
  const part = await atCache.get(await redirectOf(alice, image), range);
  expect([part.status, Buffer.from(part.bytes)]).toEqual([
    206,
    Buffer.concat([...image.layer.read(200_000, 200_010)]),
  ]);
});

test('a fill for a signed query goes on where the origin broke off', async () => {
  const image = addPrivateImage(origin, 'broken-off', { layers: [3_000_000] });
  const alice = clientOfOrigin(ALICE);
  const location = await redirectOf(alice, image);
  origin.misbehave({ method: 'GET', path: new RegExp(image.layerDigest), times: 1 }, resetAfter(1_000_000));
  expect(await atCache.get(location)).toMatchObject({ complete: true, digest: image.layerDigest });
});

test.each<[string, (path: string, other: string) => string]>([
  ['that has expired', (path) => origin.sign(path, 'alice', -1)],
  ['of another blob', (_, other) => origin.sign(other, 'alice', 60)],
  ['of a user without the right', (path) => origin.sign(path, BOB.user, 60)],
  ['that was made up', () => '?user=alice&expires=99999999999999&signature=00'],
])('a signed query %s opens nothing', async (_, sign) => {
  const image = addPrivateImage(origin, 'badly-signed');
  const alice = clientOfOrigin(ALICE);
  await followRedirect(alice, image);
  const [other, path] = image.blobs.map(({ digest }) => blobPath(image.repository, digest));
  if (path === undefined || other === undefined) throw new Error('an image has two blobs');
  const answer = await atCache.get(path + sign(path, other));
  expect([401, 403]).toContain(answer.status);
  expect(textOf(answer)).toMatch(/DENIED|UNAUTHORIZED/);
});

test('a redirect that is followed too late opens nothing', async () => {
  const image = addPrivateImage(origin, 'too-late');
  const alice = clientOfOrigin(ALICE);
  await followRedirect(alice, image);
  origin.signRedirects(-1);
  try {
    const late = await followRedirect(alice, image);
    expect([401, 403]).toContain(late.status);
    expect(late.digest).not.toBe(image.layerDigest);
  } finally {
    origin.signRedirects(60);
  }
});

test('where redirects are not signed, a client repeats its login, and one that does not is asked for it', async () => {
  const image = addPrivateImage(origin, 'unsigned');
  const alice = clientOfOrigin(ALICE);
  origin.signRedirects('never');
  try {
    const path = await redirectOf(alice, image);
    const without = await atCache.get(path);
    expect(without.status).toBe(401);
    expect(findBearerChallenge(without.headers['www-authenticate'])).toBeDefined();

    const token = await getOriginToken(alice, origin, image.repository);
    const repeated = await atCache.get(path, { headers: { authorization: `Bearer ${token}` } });
    expect(repeated).toMatchObject({ status: 200, complete: true, digest: image.layerDigest });
  } finally {
    origin.signRedirects(60);
  }
});

test('an origin that sends the cache to itself is answered with an error that says so', async () => {
  const image = addPrivateImage(origin, 'sent-to-itself');
  const path = blobPath(image.repository, image.layerDigest);
  const query = origin.sign(path, 'alice', 60);
  origin.misbehave({ path }, () => ({
    status: 307,
    headers: { location: cache.origin + path + query, 'content-length': '0' },
    body: [],
  }));
  const answer = await atCache.get(path + query);
  expect(answer.status).toBeGreaterThanOrEqual(500);
  expect(textOf(answer)).toMatch(/loop/i);
});

test('every blob that left the origin was for a cache that named itself', () => {
  const sent = origin.asked({ method: 'GET', path: /\/blobs\// }).filter(({ status }) => status === 200);
  expect(sent).not.toEqual([]);
  expect(sent.filter(({ via }) => !/^1\.1 registry-cache-\S+$/.test(via ?? ''))).toEqual([]);
  expect(sent.filter(({ user }) => user === undefined || user === ROBOT.user)).toEqual([]);
});

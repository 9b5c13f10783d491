import { OCI_INDEX } from '@registry-cache/oci';
import { expect, test } from 'vitest';
import { createCertificateAuthority } from '../support/certificates.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import {
  basicAuthorization,
  createLoginClient,
  findBearerChallenge,
  getChallenge,
  tokenOf,
  type Login,
  type LoginClient,
} from '../support/client/login-client.ts';
import { blobPath, pullImage } from '../support/client/pull-image.ts';
import { textOf } from '../support/origin/ask-for-all.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { buildReferrer } from '../support/image/build-image.ts';
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

const closeLater = closeAfterAll();
const ca = await createCertificateAuthority();
const origin = closeLater(await startOrigin({ tls: await ca.issue() }));
addPeople(origin);
const cache = closeLater(await startContentCache({ ca, origin }));
const nobody = cache.client();
const alice = loginClient(ALICE);

function loginClient(login?: Login): LoginClient {
  return closeLater(createLoginClient({ origin: cache.origin, ca: ca.certificate }, login));
}

/** Of the origin's own. */
function originToken(repository: string): Promise<string> {
  const client = createLoginClient({ origin: origin.origin, ca: ca.certificate }, ALICE);
  return getOriginToken(closeLater(client), origin, repository);
}

test('a client without a login is sent to the token endpoint of the cache', async () => {
  const answer = await nobody.get('/v2/');
  expect(answer.status).toBe(401);
  expect(textOf(answer)).toContain('UNAUTHORIZED');
  const { realm, service, scope } = await getChallenge(nobody, '/v2/');
  expect(realm).toMatch(new RegExp(`^${cache.origin}/token(/|$)`));
  expect(service).not.toBe('');
  expect(scope).toBeUndefined();
});

test('the challenge of a repository says what to ask a token for', async () => {
  const { scope } = await getChallenge(nobody, '/v2/cold/challenge/manifests/v1');
  expect(scope).toBe('repository:cold/challenge:pull');
});

test('docker and podman log in without a scope', async () => {
  const authorization = `Bearer ${tokenOf(await alice.requestToken(await getChallenge(nobody, '/v2/')))}`;
  const { status, headers } = await nobody.get('/v2/', { headers: { authorization } });
  expect(status).toBe(200);
  expect(headers['docker-distribution-api-version']).toBe('registry/2.0');
});

test.each([
  ['a wrong password', { user: 'alice', password: 'wrong' }],
  ['an unknown user', { user: 'mallory', password: ALICE.password }],
  ['an account of the pull secret with a wrong password', { user: ROBOT.user, password: 'wrong' }],
])('%s gets no token', async (_, login) => {
  const client = loginClient(login);
  for (const path of ['/v2/', '/v2/cold/wrong-login/manifests/v1']) {
    const answer = await client.requestToken(await getChallenge(nobody, path));
    expect(answer.status).toBe(401);
    expect(textOf(answer)).toContain('UNAUTHORIZED');
    expect(textOf(answer)).not.toContain('token"');
  }
});

test('containerd, which asks for a token by POST first, is told to ask by GET', async () => {
  const { realm } = await getChallenge(nobody, '/v2/');
  const answer = await nobody.open('POST', new URL(realm).pathname);
  answer.resume();
  expect(answer.statusCode).toBe(405);
});

test('the second pull of an image takes no blob from the origin', async () => {
  const image = addPrivateImage(origin, 'twice', { platforms: ['linux/amd64', 'linux/arm64'] });
  await cacheImage(alice, image.repository, 'v1');
  origin.forgetRequests();
  const second = await pullImage(loginClient(ALICE), image.repository, 'v1');
  expect(second.blobs.map(({ outcome }) => outcome)).toEqual(Array(6).fill('hit'));
  expect(origin.asked({ path: /\/blobs\// })).toEqual([]);
});

test('a tag is asked of the origin on every pull', async () => {
  const image = addPrivateImage(origin, 'moving-tag');
  const path = `/v2/${image.repository}/manifests/v1`;
  expect((await alice.get(path)).digest).toBe(image.root.digest);
  const moved = addPrivateImage(origin, 'moved');
  origin.addImage(image.repository, 'v1', moved);
  expect((await alice.get(path)).digest).toBe(moved.root.digest);
});

test('everything of an image can be asked for', async () => {
  const image = addPrivateImage(origin, 'everything');
  origin.addReferrer(image.repository, buildReferrer(image.root, 'application/vnd.test.signature'));
  await cacheImage(alice, image.repository, 'v1');
  const base = `/v2/${image.repository}`;

  expect(await alice.head(`${base}/manifests/v1`)).toMatchObject({
    status: 200,
    headers: {
      'docker-content-digest': image.root.digest,
      'content-length': String(image.root.sizeBytes),
      'content-type': image.root.mediaType,
    },
  });
  expect((await alice.get(`${base}/manifests/${image.root.digest}`)).digest).toBe(image.root.digest);
  expect(await alice.head(`${base}/blobs/${image.layerDigest}`)).toMatchObject({
    status: 200,
    headers: { 'content-length': String(image.layer.sizeBytes) },
  });
  const range = await alice.get(`${base}/blobs/${image.layerDigest}`, { headers: { range: 'bytes=10-19' } });
  expect([range.status, Buffer.from(range.bytes)]).toEqual([
    206,
    Buffer.concat([...image.layer.read(10, 20)]),
  ]);
  expect(JSON.parse(textOf(await alice.get(`${base}/tags/list`)))).toEqual({
    name: image.repository,
    tags: ['v1'],
  });
  const referrers = await alice.get(`${base}/referrers/${image.root.digest}`);
  expect(referrers).toMatchObject({ status: 200, headers: { 'content-type': OCI_INDEX } });
  expect(textOf(referrers)).toContain('application/vnd.test.signature');
});

test('a login in the request itself is as good as a token', async () => {
  const image = addPrivateImage(origin, 'basic');
  const basic = cache.client(`${ALICE.user}:${ALICE.password}`);
  await expect(pullImage(basic, image.repository, 'v1')).resolves.toBeDefined();
  expect(origin.asked({ path: /cold\/basic/ })[0]).toMatchObject({ user: 'alice', credential: 'bearer' });
});

test('a token of the origin is passed on to it', async () => {
  const image = addPrivateImage(origin, 'own-token');
  const headers = { authorization: `Bearer ${await originToken(image.repository)}` };
  for (const digest of [image.layerDigest, image.layerDigest]) {
    const { status, digest: received } = await nobody.get(blobPath(image.repository, digest), { headers });
    expect([status, received]).toEqual([200, digest]);
  }
  expect((await nobody.get(`/v2/${image.repository}/manifests/v1`, { headers })).status).toBe(200);
  const asked = origin.asked({ path: /cold\/own-token/ });
  expect(new Set(asked.map(({ headers: sent }) => sent.authorization))).toEqual(
    new Set([headers.authorization]),
  );
});

test('what was accepted is remembered, for this client alone', async () => {
  const image = addPrivateImage(origin, 'remembered');
  await cacheImage(alice, image.repository, 'v1');
  origin.forgetRequests();
  await pullImage(alice, image.repository, image.root.digest);
  await pullImage(loginClient(ALICE), image.repository, image.root.digest);
  expect(origin.asked({ path: /^\/v2\/cold/ })).toEqual([]);

  await pullImage(loginClient(CAROL), image.repository, image.root.digest);
  expect(origin.asked({ path: /^\/v2\/cold/ }).map(({ user }) => user)).toContain('carol');
});

test.each<[string, { authorization?: string }]>([
  ['a wrong password', { authorization: basicAuthorization({ user: 'alice', password: 'wrong' }) }],
  ['an unknown user', { authorization: basicAuthorization({ user: 'mallory', password: '' }) }],
  ['a token that nobody issued', { authorization: 'Bearer eyJhbGciOiJkaXIifQ.a.b.c.d' }],
  ['no login', {}],
])('%s opens nothing of what is cached', async (_, headers) => {
  const image = addPrivateImage(origin, 'closed');
  await cacheImage(alice, image.repository, 'v1');
  const path = blobPath(image.repository, image.layerDigest);
  for (const asked of [path, `/v2/${image.repository}/manifests/v1`]) {
    const answer = await nobody.get(asked, { headers });
    expect(answer.status).toBe(401);
    expect(textOf(answer)).toContain('UNAUTHORIZED');
    expect(findBearerChallenge(answer.headers['www-authenticate'])).toBeDefined();
  }
});

test('within the time that it is remembered for, what is cached is served while the origin is down', async () => {
  const image = addPrivateImage(origin, 'origin-down');
  await cacheImage(alice, image.repository, image.root.digest);
  await origin.stop();
  try {
    expect((await pullImage(alice, image.repository, image.root.digest)).root.outcome).toBe('hit');
    const carol = await cache
      .client(`${CAROL.user}:${CAROL.password}`)
      .get(blobPath(image.repository, image.layerDigest));
    const path = blobPath(image.repository, image.layerDigest);
    const signed = await nobody.get(path + origin.sign(path, 'alice', 60));
    for (const { status, digest } of [carol, signed]) {
      expect([503, 504]).toContain(status);
      expect(digest).not.toBe(image.layerDigest);
    }
  } finally {
    await origin.start();
  }
});

test('the account of the pull secret never stands in for a client', () => {
  expect(origin.requests).not.toEqual([]);
  expect(origin.asked().filter(({ user }) => user === ROBOT.user)).toEqual([]);
});

test('no password, token or signed query is in the log', async () => {
  const image = addPrivateImage(origin, 'logged');
  const path = blobPath(image.repository, image.layerDigest);
  const sealed = tokenOf(await alice.requestToken(await getChallenge(nobody, path)));
  const own = await originToken(image.repository);
  for (const authorization of [`Bearer ${sealed}`, `Bearer ${own}`, basicAuthorization(ALICE)])
    await nobody.get(path, { headers: { authorization } });
  const query = origin.sign(path, 'alice', -60);
  await nobody.get(path + query);
  await expect
    .poll(() => cache.log.lines.filter(({ repository }) => String(repository).endsWith(image.repository)))
    .not.toEqual([]);

  const log = cache.log.text();
  const logins = [ALICE, BOB, CAROL, ROBOT];
  const secrets = logins.flatMap((login) => [
    login.password,
    basicAuthorization(login).slice('Basic '.length),
  ]);
  for (const secret of [...secrets, sealed, own, query, 'signature=']) expect(log).not.toContain(secret);
});

import { beforeAll, expect, test } from 'vitest';
import { createCertificateAuthority, type CertificateAuthority } from './support/certificates.ts';
import {
  basicAuthorization,
  createLoginClient,
  type Login,
  type LoginClient,
} from './support/client/login-client.ts';
import { blobPath, pullImage } from './support/client/pull-image.ts';
import { createRegistryClient, type RegistryClient } from './support/client/registry-client.ts';
import { closeAtEnd } from './support/close-at-end.ts';
import { addColdImage, type ColdImage } from './support/image/cold-image.ts';
import {
  ADMINISTRATOR,
  startOrigin,
  type Origin,
  type OriginOptions,
} from './support/origin/start-origin.ts';

// The tests' own origin by itself: what it lets pass, no test of a content cache can find.

const CACHE = 'https://cache.example.com:443';
const ALICE = { user: 'alice', password: 'her: pässword' };
let ca: CertificateAuthority;

beforeAll(async () => {
  ca = await createCertificateAuthority();
});

interface OriginWithImage {
  readonly origin: Origin;
  readonly image: ColdImage;
  /** Of the image's layer. */
  readonly path: string;
}

/** An image that alice may pull. */
async function startOriginWithImage(options: OriginOptions = {}): Promise<OriginWithImage> {
  const origin = closeAtEnd(await startOrigin({ tls: await ca.issue(), ...options }));
  const image = addColdImage(origin, 'origin');
  origin.addAccount(ALICE.user, ALICE.password);
  origin.allow(ALICE.user, image.repository);
  return { origin, image, path: blobPath(image.repository, image.layerDigest) };
}

function loginClient({ origin }: Origin, login?: Login): LoginClient {
  return closeAtEnd(createLoginClient({ origin, ca: ca.certificate }, login));
}

function clientOf({ origin }: Origin, login?: Login): RegistryClient {
  const auth = login === undefined ? {} : { auth: `${login.user}:${login.password}` };
  return closeAtEnd(createRegistryClient({ origin, ca: ca.certificate, ...auth }));
}

test.each(['bearer', 'basic'] as const)(
  '%s: an account pulls what it may, and nothing else',
  async (kind) => {
    const { origin, image } = await startOriginWithImage({ authentication: kind });
    const other = addColdImage(origin, 'not-hers');
    const client = kind === 'bearer' ? loginClient(origin, ALICE) : clientOf(origin, ALICE);
    await pullImage(client, image.repository, 'v1');
    const refused = await client.get(`/v2/${other.repository}/manifests/v1`);
    expect(refused.status).toBe(kind === 'bearer' ? 401 : 403);
    expect(origin.asked({ path: /blobs/ })[0]).toMatchObject({ user: 'alice', credential: kind });
  },
);

test('anyone pulls what is public, with a token for nobody', async () => {
  const { origin, image } = await startOriginWithImage();
  await expect(pullImage(loginClient(origin), image.repository, 'v1')).rejects.toThrow('401');
  origin.publish(image.repository);
  await expect(pullImage(loginClient(origin), image.repository, 'v1')).resolves.toBeDefined();
});

test('a grant that is revoked counts for new tokens', async () => {
  const { origin, image } = await startOriginWithImage();
  const before = loginClient(origin, ALICE);
  await pullImage(before, image.repository, 'v1');
  origin.revoke('alice', image.repository);
  await expect(pullImage(before, image.repository, 'v1')).resolves.toBeDefined();
  await expect(pullImage(loginClient(origin, ALICE), image.repository, 'v1')).rejects.toThrow('401');
});

test('blobs of a user with a cache are redirected there, its manifests are not', async () => {
  const { origin, image, path } = await startOriginWithImage();
  origin.register('near', CACHE);
  origin.choose('alice', 'near');
  const client = loginClient(origin, ALICE);
  expect((await client.get(`/v2/${image.repository}/manifests/v1`)).status).toBe(200);
  const { status, headers } = await client.get(path);
  expect(status).toBe(307);
  expect(headers.location).toMatch(
    new RegExp(`^${CACHE}${path}\\?user=alice&expires=\\d+&signature=[0-9a-f]{64}$`),
  );
});

test('a request of a cache is served, whoever it is for', async () => {
  const { origin, image, path } = await startOriginWithImage();
  origin.register('near', CACHE);
  origin.choose('alice', 'near');
  const headers = { via: '1.1 registry-cache-1234' };
  const { status, digest } = await loginClient(origin, ALICE).get(path, { headers });
  expect([status, digest]).toEqual([200, image.layerDigest]);
});

test('a signed query opens one blob for a time', async () => {
  const { origin, image, path } = await startOriginWithImage();
  const client = clientOf(origin);
  const query = origin.sign(path, 'alice', 60);
  expect(await client.get(path + query)).toMatchObject({ status: 200, digest: image.layerDigest });
  const other = blobPath(image.repository, image.platforms[0]?.config.digest ?? '');
  expect((await client.get(other + query)).status).toBe(403);
  expect((await client.get(path + origin.sign(path, 'alice', -1))).status).toBe(403);
  expect((await client.get(path + origin.sign(path, 'mallory', 60))).status).toBe(403);
  origin.revoke('alice', image.repository);
  expect((await client.get(path + query)).status).toBe(403);
});

test('without signatures a redirect is the bare address', async () => {
  const { origin, path } = await startOriginWithImage();
  origin.signRedirects('never');
  origin.register('near', CACHE);
  origin.choose('alice', 'near');
  expect((await loginClient(origin, ALICE).get(path)).headers.location).toBe(CACHE + path);
});

test('administrators register caches and users choose one', async () => {
  const origin = closeAtEnd(await startOrigin());
  origin.addAccount(ALICE.user, ALICE.password);
  const admin = { user: ADMINISTRATOR.username, password: ADMINISTRATOR.password };
  const near = { name: 'near', host: CACHE };
  const call = (method: string, path: string, login?: Login, document?: unknown): Promise<Response> =>
    fetch(`${origin.origin}/api/v0/${path}`, {
      method,
      headers: login === undefined ? {} : { authorization: basicAuthorization(login) },
      ...(document === undefined ? {} : { body: JSON.stringify(document) }),
    });
  const statusOf = async (...request: Parameters<typeof call>): Promise<number> =>
    (await call(...request)).status;

  expect(await statusOf('POST', 'content_caches', undefined, near)).toBe(401);
  expect(await statusOf('POST', 'content_caches', ALICE, near)).toBe(403);
  expect(await statusOf('POST', 'content_caches', admin, { name: 'near' })).toBe(400);
  expect(await statusOf('POST', 'content_caches', admin, near)).toBe(201);
  expect(await statusOf('POST', 'content_caches', admin, near)).toBe(409);
  const listed: unknown = await (await call('GET', 'content_caches', ALICE)).json();
  expect(listed).toMatchObject({ contentCaches: [near] });

  const settings = 'accounts/alice/settings';
  expect(await statusOf('PATCH', settings, ALICE, { contentCache: 'far' })).toBe(404);
  expect(await statusOf('PATCH', settings, ALICE, { contentCache: 'near' })).toBe(200);
  expect(await statusOf('PATCH', 'accounts/admin/settings', ALICE, { contentCache: 'near' })).toBe(403);
  expect(await (await call('GET', settings, admin)).json()).toEqual({ contentCache: 'near' });
  expect(origin.findChosen('alice')).toMatchObject(near);
});

import { expect, test } from 'vitest';
import type { Auths } from '../support/cache/cache-folder.ts';
import { startCache } from '../support/cache/start-cache.ts';
import { createCertificateAuthority } from '../support/certificates.ts';
import { pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll, closeAtEnd } from '../support/close-at-end.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import type { Account } from '../support/upstream/accounts.ts';
import { errorAnswer } from '../support/upstream/answer.ts';
import { startUpstream, type Upstream } from '../support/upstream/start-upstream.ts';
import { startTestServer } from '../support/upstream/test-server.ts';

// Each account may pull one repository, so that a credential that was chosen wrongly is refused.
const accounts: readonly Account[] = [
  { username: 'whole', password: 'of the upstream', repositories: ['cold/whole'] },
  { username: 'robot', password: 'with:colons and ümläuts', repositories: ['cold/auth'] },
  { username: 'plain', password: 'word', repositories: ['cold/password'] },
  {
    username: 'identity',
    password: 'x',
    identityToken: 'a refresh token',
    repositories: ['cold/identity-token'],
  },
  {
    username: 'registry',
    password: 'y',
    registryToken: 'a.bearer.token',
    repositories: ['cold/registry-token'],
  },
];

function pullSecretOf(upstreamName: string): Auths {
  return {
    [upstreamName]: { auth: base64('whole:of the upstream') },
    [`${upstreamName}/cold/auth`]: { auth: base64('robot:with:colons and ümläuts') },
    [`${upstreamName}/cold/password`]: { username: 'plain', password: 'word' },
    [`${upstreamName}/cold/identity-token`]: { identitytoken: 'a refresh token' },
    [`${upstreamName}/cold/registry-token`]: { registrytoken: 'a.bearer.token' },
    [`${upstreamName}/cold/anonymous`]: {},
  };
}

const anonymousRepositories = ['cold/anonymous'];
const closeLater = closeAfterAll();
const ca = await createCertificateAuthority();
const basic = closeLater(
  await startUpstream({
    tls: await ca.issue(),
    authentication: { kind: 'basic', accounts, anonymousRepositories },
  }),
);
const bearer = closeLater(
  await startUpstream({
    tls: await ca.issue(),
    authentication: { kind: 'bearer', accounts, anonymousRepositories },
    redirectBlobs: { ttlSeconds: 60 },
  }),
);
const cache = closeLater(
  await startCache({
    ca,
    upstreams: { 'basic.example.com': { url: basic.origin }, 'bearer.example.com': { url: bearer.origin } },
    pullSecret: { ...pullSecretOf('basic.example.com'), ...pullSecretOf('bearer.example.com') },
  }),
);
const client = cache.client();

test.each([
  ['a user and a password in auth', 'auth'],
  ['username and password', 'password'],
  ['the credential of the whole upstream', 'whole'],
  ['no credential', 'anonymous'],
])('Basic: a repository is pulled by %s', async (_, seed) => {
  const image = addColdImage(basic, seed, { upstreamName: 'basic.example.com' });
  await expect(pullImage(client, image.name, 'v1')).resolves.toBeDefined();
});

test.each([
  ['a user and a password in auth', 'auth'],
  ['username and password', 'password'],
  ['an identity token', 'identity-token'],
  ['a registry token', 'registry-token'],
  ['the credential of the whole upstream', 'whole'],
  ['no credential', 'anonymous'],
])('Bearer: a repository is pulled by %s, its blobs from another host', async (_, seed) => {
  const image = addColdImage(bearer, seed, { upstreamName: 'bearer.example.com' });
  await expect(pullImage(client, image.name, 'v1')).resolves.toBeDefined();
});

test('the host of the blobs gets no credential', () => {
  const requests = bearer.blobHost?.requests ?? [];
  expect(requests).not.toEqual([]);
  expect(requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
});

test('a token that is void is replaced within the pull', async () => {
  const image = addColdImage(bearer, 'whole', { upstreamName: 'bearer.example.com' });
  await pullImage(client, image.name, 'v1');
  bearer.authenticateBy({ kind: 'bearer', accounts, anonymousRepositories });
  const other = addColdImage(bearer, 'other', { layers: [3_000] });
  bearer.addImage(image.repository, 'v2', other);
  await expect(pullImage(client, image.name, 'v2')).resolves.toBeDefined();
});

test('a token that expires at once is good for nothing but the next request', async () => {
  bearer.authenticateBy({ kind: 'bearer', accounts, anonymousRepositories, tokenTtlSeconds: 1 });
  const image = addColdImage(bearer, 'password', { layers: [4_000], upstreamName: 'bearer.example.com' });
  await expect(pullImage(client, image.name, 'v1')).resolves.toBeDefined();
});

test.each<[string, Upstream, string]>([
  ['Basic', basic, 'basic.example.com'],
  ['Bearer', bearer, 'bearer.example.com'],
])(
  '%s: a refusal reaches the client without the challenge of the upstream',
  async (_, upstream, upstreamName) => {
    const image = addColdImage(upstream, 'not-granted', { upstreamName });
    const { status, headers, bytes } = await client.get(`/v2/${image.name}/manifests/v1`);
    expect([403, 404]).toContain(status);
    expect(headers['www-authenticate']).toBeUndefined();
    expect(Buffer.from(bytes).toString()).toContain('"errors"');
  },
);

test('a token server of a foreign host is sent no credential', async () => {
  const foreign = closeAtEnd(
    await startTestServer({ tls: await ca.issue(), host: '127.0.0.2' }, () =>
      errorAnswer(401, 'UNAUTHORIZED', 'never'),
    ),
  );
  const image = addColdImage(basic, 'foreign-realm', { upstreamName: 'basic.example.com' });
  const challenge = `Bearer realm="${foreign.origin}/token",service="x",scope="repository:${image.repository}:pull"`;
  basic.misbehave({ path: new RegExp(image.repository) }, () =>
    errorAnswer(401, 'UNAUTHORIZED', 'go there', { 'www-authenticate': challenge }),
  );
  const { status } = await client.get(`/v2/${image.name}/manifests/v1`);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(
    foreign.requests.filter(({ headers, body }) => headers.authorization !== undefined || body !== ''),
  ).toEqual([]);
});

test('no secret is in the log', () => {
  const log = cache.log.text();
  const secrets = accounts.flatMap(({ username, password }) => [
    `${username}:${password}`,
    base64(`${username}:${password}`),
  ]);
  for (const secret of [...secrets, 'of the upstream', 'a refresh token', 'a.bearer.token']) {
    expect(log).not.toContain(secret);
  }
});

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

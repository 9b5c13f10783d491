import { describe, expect, test } from 'vitest';
import { ALICE, BOB, fetchAs, fetchToken, HOST, shown, startOriginProxy } from './support/origin.ts';

const IMAGE = '/v2/quay.io/org/image/manifests/v1';
const SCOPE = '/token?scope=repository:quay.io/org/image:pull';

describe('a token of one repository opens no other', () => {
  test.each([
    ['/v2/quay.io/org/another/manifests/v1'],
    ['/v2/quay.io/org/image/more/manifests/v1'],
    ['/v2/quay.io/org/manifests/v1'],
    [`/v2/quay.io/org/another/blobs/sha256:${'a'.repeat(64)}`],
    [`/v2/quay.io/org/another/blobs/sha256:${'a'.repeat(64)}?signature=good`],
    ['/v2/quay.io/org/another/tags/list'],
    [`/v2/quay.io/org/another/referrers/sha256:${'a'.repeat(64)}`],
  ])('%s', async (path) => {
    const proxy = await startOriginProxy();
    const token = await fetchToken(proxy, SCOPE, ALICE);
    const answer = await fetchAs(proxy, path, token);
    expect(answer.status).toBe(401);
    const [, repository = ''] = /^\/v2\/(.*)\/(?:manifests|blobs|tags|referrers)\//.exec(path) ?? [];
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer realm="http://${HOST}/token/quay.io",service="${HOST}",` +
        `scope="repository:${repository}:pull",error="insufficient_scope"`,
    );
    expect(proxy.quay.requests).toHaveLength(1);
  });
});

test('a token of one upstream opens no other, and no other is shown its login', async () => {
  const first = await startOriginProxy();
  const { proxy, settings, quay, docker } = first;
  const upstreams = settings.upstreams.map((upstream) => ({ ...upstream, authorization: 'origin' as const }));
  proxy.reload({ ...settings, upstreams });
  const token = await fetchToken(first, SCOPE, ALICE);
  const answer = await fetchAs(first, '/v2/docker.io/org/image/manifests/v1', token);
  expect(answer.status).toBe(401);
  expect(answer.headers['www-authenticate']).toBe(
    `Bearer realm="http://${HOST}/token/docker.io",service="${HOST}",` +
      'scope="repository:docker.io/org/image:pull",error="insufficient_scope"',
  );
  expect(quay.requests).toHaveLength(1);
  expect(docker.requests).toEqual([]);
});

test('a token is worth nothing after it has ended', async () => {
  let now = 1_700_000_000_000;
  const proxy = await startOriginProxy({}, { now: () => now });
  const token = await fetchToken(proxy, SCOPE, ALICE);
  now += 299_000;
  expect((await fetchAs(proxy, IMAGE, token)).status).toBe(200);
  now += 1000;
  for (const path of [IMAGE, '/v2/', '/quay.io/v2/']) {
    const answer = await fetchAs(proxy, path, token);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(/,error="invalid_token"$/);
  }
  expect(proxy.quay.requests).toHaveLength(2);
});

test('a token that was changed is not opened: what it would say is never used', async () => {
  const proxy = await startOriginProxy();
  const token = await fetchToken(proxy, SCOPE, ALICE);
  const middle = Math.floor(token.length / 2);
  const changed = `${token.slice(0, middle)}${token[middle] === 'A' ? 'B' : 'A'}${token.slice(middle + 1)}`;
  expect((await fetchAs(proxy, IMAGE, changed)).status).toBe(401);
  expect(shown(proxy.quay)).toEqual([ALICE]);
});

test('a token sealed by another secret goes no further, also one of before the secret was changed', async () => {
  const [proxy, other] = [await startOriginProxy(), await startOriginProxy({ tokenSecret: 'another' })];
  const token = await fetchToken(other, SCOPE, ALICE);
  expect((await fetchAs(proxy, IMAGE, token)).status).toBe(401);
  expect(shown(proxy.quay)).toEqual([]);
  expect((await fetchAs(other, IMAGE, token)).status).toBe(200);
  other.proxy.reload({ ...other.settings, tokenSecret: 'new' });
  expect((await fetchAs(other, IMAGE, token)).status).toBe(401);
  expect(shown(other.quay)).toEqual([ALICE, ALICE]);
});

test('the logins of two users never mix, however their requests come', async () => {
  const proxy = await startOriginProxy({}, { quayAnswer: (_request, response) => void response.end('{}') });
  const users = await Promise.all(
    [ALICE, BOB, undefined].map(async (login) => ({ login, token: await fetchToken(proxy, SCOPE, login) })),
  );
  proxy.quay.requests.length = 0;
  await Promise.all(
    Array.from({ length: 60 }, (_, index) => users[index % 3]).map(async (user, index) => {
      await fetchAs(proxy, `/v2/quay.io/org/image/manifests/u${index % 3}`, user?.token);
    }),
  );
  expect(proxy.quay.requests).toHaveLength(60);
  for (const { url, headers } of proxy.quay.requests) {
    expect(headers.authorization).toBe(users[Number(url?.at(-1))]?.login);
  }
});

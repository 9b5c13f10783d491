import { describe, expect, test } from 'vitest';
import { exchangeRaw } from './support/client.ts';
import {
  ALICE,
  basic,
  BOB,
  fetchAs,
  fetchToken,
  originUpstream,
  QUAYS_OWN,
  shown,
  startOriginProxy,
} from './support/origin.ts';
import { startTestProxy } from './support/proxy.ts';

const SCOPE = 'scope=repository:quay.io/org/image:pull';
const IMAGE = '/v2/quay.io/org/image/manifests/v1';

test('a login that the upstream accepts gets a token, and pulls with it under its own name', async () => {
  const proxy = await startOriginProxy();
  const more = 'service=cache&account=alice&client_id=docker&offline_token=true';
  const answer = await fetchAs(proxy, `/token?${more}&${SCOPE}`, ALICE);
  expect(answer.status).toBe(200);
  expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json' });
  const body = JSON.parse(answer.body.toString()) as Record<string, unknown>;
  expect(body).toEqual({
    token: expect.any(String),
    access_token: body['token'],
    expires_in: 300,
    issued_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  });
  expect((await fetchAs(proxy, IMAGE, `Bearer ${String(body['token'])}`)).status).toBe(200);
  expect(proxy.quay.requests.map(({ url }) => url)).toEqual(['/v2/', '/v2/org/image/manifests/v1']);
  expect(shown(proxy.quay)).toEqual([ALICE, ALICE]);
  expect(shown(proxy.quay, 'x-registry-cache-user')).toEqual(['alice', 'alice']);
});

test('a wrong password is a 401 with the error body of a registry, and no challenge', async () => {
  const proxy = await startOriginProxy();
  const answer = await fetchAs(proxy, `/token?${SCOPE}`, basic('alice', 'wrong'));
  expect(answer.status).toBe(401);
  expect(answer.headers['www-authenticate']).toBeUndefined();
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(JSON.parse(answer.body.toString())).toEqual({
    errors: [{ code: 'UNAUTHORIZED', message: 'wrong user name or password' }],
  });
});

test('an anonymous client gets a token that opens what is anybody’s, without a question', async () => {
  const proxy = await startOriginProxy();
  const token = await fetchToken(proxy, '/token/quay.io?scope=repository:org/public/a:pull');
  expect(proxy.quay.requests).toEqual([]);
  expect((await fetchAs(proxy, '/quay.io/v2/org/public/a/tags/list', token)).status).toBe(200);
  expect(shown(proxy.quay)).toEqual([undefined]);
});

describe('one token serves every URL shape of its repository', () => {
  test.each([
    ['/token', 'quay.io/org/image'],
    ['/token/quay.io', 'org/image'],
    ['/token/quay.io', 'quay.io/org/image'],
    ['/token/docker.io', 'quay.io/org/image'],
  ])('%s of %s', async (realm, name) => {
    const proxy = await startOriginProxy();
    const token = await fetchToken(proxy, `${realm}?scope=repository%3A${name}%3Apull`, ALICE);
    for (const path of [
      IMAGE,
      '/quay.io/v2/org/image/manifests/v1',
      '/v2/org/image/manifests/v1?ns=quay.io',
    ]) {
      expect((await fetchAs(proxy, path, token)).status).toBe(200);
    }
  });
});

describe('scopes may repeat or stand behind each other', () => {
  test.each([
    [`${SCOPE}&scope=repository:quay.io/b:pull`],
    [`${SCOPE}%20repository:quay.io/b:pull`],
    [`scope=repository:quay.io/b:pull+repository:quay.io/org/image:pull,push`],
  ])('%s', async (query) => {
    const proxy = await startOriginProxy();
    const token = await fetchToken(proxy, `/token?${query}`, ALICE);
    expect((await fetchAs(proxy, IMAGE, token)).status).toBe(200);
    expect((await fetchAs(proxy, '/v2/quay.io/b/manifests/v1', token)).status).toBe(200);
  });
});

describe('without anything to pull, a login is checked where it must be meant for', () => {
  test.each([
    ['/token', ALICE, [ALICE]],
    ['/token', basic('quay.io/alice', 'right'), [ALICE]],
    ['/token/quay.io', ALICE, [ALICE]],
    ['/token?scope=registry:catalog:*', ALICE, [ALICE]],
    ['/token?scope=repository:quay.io/org/image:push', ALICE, [ALICE]],
    // Of an upstream that has no logins here: it opens nothing, and nothing is sent anywhere.
    ['/token', basic('docker.io/alice', 'right'), []],
    ['/token/docker.io', ALICE, []],
    ['/token', undefined, []],
  ])('%s with %s', async (target, authorization, asked) => {
    const proxy = await startOriginProxy();
    const token = await fetchToken(proxy, target, authorization);
    expect(shown(proxy.quay)).toEqual(asked);
    expect(proxy.docker.requests).toEqual([]);
    expect((await fetchAs(proxy, '/v2/', token)).status).toBe(200);
    expect((await fetchAs(proxy, IMAGE, token)).status).toBe(401);
    expect(proxy.quay.requests).toHaveLength(asked.length);
  });
});

test('a login that could be for several upstreams is tried at none of them', async () => {
  const first = await startOriginProxy();
  const { proxy, settings, quay } = first;
  const another = originUpstream('ghcr.io', '/nowhere');
  proxy.reload({ ...settings, upstreams: [...settings.upstreams, another] });
  await fetchToken(first, '/token', basic('alice', 'wrong'));
  expect(quay.requests).toEqual([]);
  const own = await fetchAs(first, '/token', basic('quay.io/alice', 'wrong'));
  expect(own.status).toBe(401);
});

test('a scope of an upstream without logins gives a token without one', async () => {
  const proxy = await startOriginProxy();
  const token = await fetchToken(proxy, '/token?scope=repository:library/alpine:pull', ALICE);
  expect((await fetchAs(proxy, '/v2/alpine/manifests/v1', token)).status).toBe(200);
  expect(proxy.quay.requests).toEqual([]);
  expect(shown(proxy.docker)).toEqual([undefined]);
});

test('what an upstream cannot say is passed on as its worker says it', async () => {
  const proxy = await startOriginProxy(
    {},
    {
      quayAnswer: (_request, response) => {
        response.writeHead(503, { 'retry-after': '7', 'content-type': 'application/json', 'x-other': '1' });
        response.end('{"errors":[{"code":"UNAVAILABLE"}]}');
      },
    },
  );
  const answer = await fetchAs(proxy, `/token?${SCOPE}`, ALICE);
  expect(answer.status).toBe(503);
  expect(answer.headers['retry-after']).toBe('7');
  expect(answer.headers['x-other']).toBeUndefined();
  expect(answer.body.toString()).toBe('{"errors":[{"code":"UNAVAILABLE"}]}');
});

test('ten wrong passwords end the guessing of an address, and a login that was right goes on', async () => {
  const proxy = await startOriginProxy();
  await fetchToken(proxy, `/token?${SCOPE}`, BOB);
  const guess = (password: string): ReturnType<typeof fetchAs> =>
    fetchAs(proxy, `/token?${SCOPE}`, basic('alice', password));
  const guesses = await Promise.all(Array.from({ length: 30 }, (_, index) => guess(`${index}`)));
  const statuses = guesses.map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([401, 429]));
  // Those that had begun before the tenth was known to be wrong.
  expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(17);
  const refused = await guess('right');
  expect(refused.status).toBe(429);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  await fetchToken(proxy, `/token?${SCOPE}`, BOB);
  expect((await fetchAs(proxy, '/v2/', basic('alice', 'more'))).status).toBe(429);
  expect((await fetchAs(proxy, IMAGE, basic('alice', 'more'))).status).toBe(429);
});

test('a wrong password that is sent again is not asked about again for a moment', async () => {
  const proxy = await startOriginProxy();
  for (let time = 0; time < 20; time += 1) {
    expect((await fetchAs(proxy, `/token?${SCOPE}`, basic('alice', 'old'))).status).toBe(401);
  }
  expect(proxy.quay.requests).toHaveLength(1);
});

test('HEAD is GET without the body, and any other method is no way to a token', async () => {
  const proxy = await startOriginProxy();
  const head = await fetchAs(proxy, `/token?${SCOPE}`, ALICE, { method: 'HEAD' });
  expect([head.status, head.body.length]).toEqual([200, 0]);
  expect(Number(head.headers['content-length'])).toBeGreaterThan(100);
  const post = await fetchAs(proxy, '/token', undefined, { method: 'POST', body: 'grant_type=password' });
  expect(post.status).toBe(405);
  expect(proxy.logLines.filter(({ status }) => status === 405)).toMatchObject([{ level: 'debug' }]);
});

test.each([[`Bearer ${QUAYS_OWN}`], ['Negotiate abc'], ['Basic !']])(
  '%s is no way to a token',
  async (authorization) => {
    const proxy = await startOriginProxy();
    expect((await fetchAs(proxy, `/token?${SCOPE}`, authorization)).status).toBe(401);
    expect(proxy.quay.requests).toEqual([]);
  },
);

test.each([['/token/ghcr.io'], ['/token/'], ['/token/quay.io/'], ['/token/quay.io/x'], ['/tokens']])(
  '%s is not there',
  async (path) => {
    const proxy = await startOriginProxy();
    expect((await fetchAs(proxy, path, ALICE)).status).toBe(404);
  },
);

test.each([['/token'], ['/token/quay.io']])('%s is not there where nobody needs it', async (path) => {
  const proxy = await startTestProxy();
  const answer = await fetchAs(proxy, path, ALICE);
  expect(answer.status).toBe(404);
  expect(JSON.parse(answer.body.toString())).toMatchObject({ errors: [{ code: 'NAME_UNKNOWN' }] });
});

test('two logins in one request are refused', async () => {
  const { port, quay } = await startOriginProxy();
  const head = `GET /token?${SCOPE} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`;
  const answer = await exchangeRaw(port, `${head}Authorization: ${ALICE}\r\nAuthorization: ${BOB}\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(quay.requests).toEqual([]);
});

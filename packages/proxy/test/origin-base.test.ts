import { describe, expect, test } from 'vitest';
import {
  ALICE,
  basic,
  fetchAs,
  fetchToken,
  HOST,
  originUpstream,
  QUAYS_OWN,
  shown,
  startOriginProxy,
} from './support/origin.ts';

describe('/v2/ is a challenge where an upstream may want a login', () => {
  test.each([
    ['/v2/', '/token'],
    ['/v2', '/token'],
    ['/quay.io/v2/', '/token/quay.io'],
    ['/v2/quay.io/', '/token/quay.io'],
    ['/v2/?ns=quay.io', '/token/quay.io'],
  ])('%s', async (path, realm) => {
    const proxy = await startOriginProxy();
    for (const method of ['GET', 'HEAD']) {
      const answer = await fetchAs(proxy, path, undefined, { method });
      expect(answer.status).toBe(401);
      expect(answer.headers['docker-distribution-api-version']).toBe('registry/2.0');
      expect(answer.headers['www-authenticate']).toBe(
        `Bearer realm="http://${HOST}${realm}",service="${HOST}"`,
      );
    }
  });
});

test.each([['/docker.io/v2/'], ['/v2/?ns=docker.io']])('%s is open: nobody logs in there', async (path) => {
  const proxy = await startOriginProxy();
  for (const authorization of [undefined, ALICE, 'Bearer x', 'nonsense']) {
    const answer = await fetchAs(proxy, path, authorization);
    expect([answer.status, answer.body.toString()]).toEqual([200, '{}']);
  }
  expect([...proxy.quay.requests, ...proxy.docker.requests]).toEqual([]);
});

describe('a credential opens it, where the upstream that must be meant accepts it', () => {
  test.each([
    ['/v2/', ALICE, 200, [ALICE]],
    ['/v2/', basic('quay.io/alice', 'right'), 200, [ALICE]],
    ['/v2/quay.io/', basic('quay.io/alice', 'right'), 200, [ALICE]],
    ['/quay.io/v2/', ALICE, 200, [ALICE]],
    ['/v2/', basic('alice', 'wrong'), 401, [basic('alice', 'wrong')]],
    ['/quay.io/v2/', basic('docker.io/alice', 'right'), 401, []],
    ['/v2/', basic('docker.io/alice', 'right'), 200, []],
    ['/v2/', `Bearer ${QUAYS_OWN}`, 200, [`Bearer ${QUAYS_OWN}`]],
    ['/v2/', 'Bearer old', 401, ['Bearer old']],
    ['/v2/', 'Negotiate x', 401, []],
  ])('%s with %s', async (path, authorization, status, asked) => {
    const proxy = await startOriginProxy();
    const answer = await fetchAs(proxy, path, authorization, { headers: { via: '1.1 registry-cache-2' } });
    expect(answer.status).toBe(status);
    expect('www-authenticate' in answer.headers).toBe(status === 401);
    expect(proxy.quay.requests.map(({ url }) => url)).toEqual(asked.map(() => '/v2/'));
    expect(shown(proxy.quay)).toEqual(asked);
    expect(shown(proxy.quay, 'via')).toEqual(asked.map(() => '1.1 registry-cache-2'));
    expect(proxy.docker.requests).toEqual([]);
  });
});

test('a token of this cache opens the root, and the base of its own upstream', async () => {
  const first = await startOriginProxy();
  const { proxy, settings } = first;
  const another = originUpstream('ghcr.io', '/nowhere');
  proxy.reload({ ...settings, upstreams: [...settings.upstreams, another] });
  const token = await fetchToken(first, '/token?scope=repository:quay.io/org/image:pull');
  expect((await fetchAs(first, '/v2/', token)).status).toBe(200);
  expect((await fetchAs(first, '/quay.io/v2/', token)).status).toBe(200);
  const other = await fetchAs(first, '/ghcr.io/v2/', token);
  expect(other.status).toBe(401);
  expect(other.headers['www-authenticate']).toContain('error="insufficient_scope"');
});

test('a login or token that could be for several upstreams is tried at none of them', async () => {
  const first = await startOriginProxy();
  const { proxy, settings, quay } = first;
  proxy.reload({ ...settings, upstreams: [...settings.upstreams, originUpstream('ghcr.io', '/nowhere')] });
  expect((await fetchAs(first, '/v2/', ALICE)).status).toBe(200);
  expect((await fetchAs(first, '/v2/', `Bearer ${QUAYS_OWN}`)).status).toBe(401);
  expect(quay.requests).toEqual([]);
});

test('what the upstream cannot say is passed on', async () => {
  const proxy = await startOriginProxy(
    {},
    { quayAnswer: (_request, response) => void response.writeHead(504).end('{}') },
  );
  expect((await fetchAs(proxy, '/v2/', ALICE)).status).toBe(504);
});

test('an upstream that is told by a reload to say who may pull does so at once, and the other way round', async () => {
  const first = await startOriginProxy();
  const { proxy, settings } = first;
  const upstreams = settings.upstreams.map((upstream) => ({ ...upstream, authorization: 'cache' as const }));
  proxy.reload({ ...settings, upstreams });
  expect((await fetchAs(first, '/v2/')).status).toBe(200);
  expect((await fetchAs(first, '/token')).status).toBe(404);
  expect((await fetchAs(first, '/v2/quay.io/org/public/a/tags/list')).status).toBe(200);
  proxy.reload(settings);
  expect((await fetchAs(first, '/v2/')).status).toBe(401);
});

test('passwords of this cache and of an upstream cannot both be asked for: such a reload changes nothing', async () => {
  const first = await startOriginProxy();
  const { proxy, settings } = first;
  expect(() => proxy.reload({ ...settings, auth: { realm: 'x', users: {} } })).toThrow('got both');
  expect((await fetchAs(first, '/v2/')).headers['www-authenticate']).toContain('Bearer realm=');
});

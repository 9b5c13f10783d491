import { describe, expect, test } from 'vitest';
import {
  ALICE,
  basic,
  fetchAs,
  fetchToken,
  originUpstream,
  QUAYS_OWN,
  shown,
  startOriginProxy,
} from './support/origin.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const QUAY_IMAGE = '/v2/quay.io/org/image/manifests/v1';

describe('the password of one upstream reaches no other', () => {
  const login = basic('quay.io/alice', 'right');

  test.each([
    ['/v2/org/image/manifests/v1', login],
    ['/v2/docker.io/org/image/manifests/v1', login],
    ['/docker.io/v2/', login],
    ['/token?scope=repository:docker.io/org/image:pull', login],
    ['/token/docker.io', login],
  ])('%s', async (path, authorization) => {
    const { proxy, port, settings, quay, docker } = await startOriginProxy();
    const upstreams = settings.upstreams.map((upstream) => ({
      ...upstream,
      authorization: 'origin' as const,
    }));
    proxy.reload({ ...settings, upstreams });
    await fetchAs({ port }, path, authorization);
    expect(shown(docker).filter((header) => header !== undefined)).toEqual([]);
    expect(shown(docker, 'x-registry-cache-user').filter((user) => user !== undefined)).toEqual([]);
    expect(quay.requests).toEqual([]);
  });

  test('and its own only without the upstream’s name in front', async () => {
    const proxy = await startOriginProxy();
    expect((await fetchAs(proxy, QUAY_IMAGE, login)).status).toBe(200);
    expect(shown(proxy.quay)).toEqual([ALICE]);
    expect(shown(proxy.quay, 'x-registry-cache-user')).toEqual(['alice']);
  });
});

test('no credential reaches the worker of an upstream that lets this cache say who may pull', async () => {
  const proxy = await startOriginProxy();
  const token = await fetchToken(proxy, '/token?scope=repository:docker.io/org/image:pull', ALICE);
  for (const authorization of [ALICE, `Bearer ${QUAYS_OWN}`, token, 'nonsense', basic('docker.io/a', 'b')]) {
    const options = { headers: { via: '1.1 proxy', 'x-registry-cache-user': 'root' } };
    expect((await fetchAs(proxy, '/v2/org/image/manifests/v1', authorization, options)).status).toBe(200);
  }
  expect(shown(proxy.docker)).toEqual(Array(5).fill(undefined));
  expect(shown(proxy.docker, 'x-registry-cache-user')).toEqual(Array(5).fill(undefined));
  expect(shown(proxy.docker, 'via')).toEqual(Array(5).fill(undefined));
  expect(proxy.quay.requests).toEqual([]);
});

test('no log line holds a credential, a token or a query', async () => {
  let now = 1_700_000_000_000;
  const first = await startOriginProxy({}, { now: () => now });
  const { proxy, settings, logLines } = first;
  const dead = originUpstream('ghcr.io', `${settings.rootDirectory}/none.sock`);
  proxy.reload({ ...settings, upstreams: [...settings.upstreams, dead] });
  const secret = basic('alice', 'hunter2-secret');
  const token = await fetchToken(first, '/token?scope=repository:quay.io/org/image:pull', ALICE);
  const scope = 'scope=repository:quay.io/org/image:pull&hunter2-query';
  const answers = [
    await fetchAs(first, QUAY_IMAGE, secret),
    await fetchAs(first, `/token?${scope}`, secret),
    await fetchAs(first, `/v2/quay.io/org/image/blobs/${DIGEST}?signature=hunter2-query`),
    await fetchAs(first, '/v2/quay.io/org/image/tags/list?last=hunter2-query', 'Bearer hunter2-token'),
    await fetchAs(first, '/v2/quay.io/', secret, { headers: { via: '1.1 registry-cache-1' } }),
    await fetchAs(first, '/v2/ghcr.io/org/image/manifests/v1', secret),
    await fetchAs(first, '/v2/quay.io/other/manifests/v1', token),
  ];
  now += 300_000;
  answers.push(await fetchAs(first, QUAY_IMAGE, token));
  for (let guess = 0; guess < 12; guess += 1) {
    await fetchAs(first, `/token?${scope}`, basic('alice', `hunter2-${guess}`));
  }
  const encoded = secret.slice('Basic '.length);
  const told = [JSON.stringify(logLines), ...answers.map((answer) => answer.body.toString())].join('\n');
  expect(logLines.length).toBeGreaterThan(answers.length);
  expect(told).not.toMatch(/hunter2|aHVudGVyMi|YWxpY2U6/);
  expect(told).not.toContain(encoded);
  expect(told).not.toContain(token.slice('Bearer '.length));
});

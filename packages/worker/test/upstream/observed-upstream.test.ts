import { randomBytes } from 'node:crypto';
import { createTally, type Increment, type Tally } from '@registry-cache/runtime';
import { digestOf, parseRepositoryName, parseTag } from '@registry-cache/oci';
import { describe, expect, test } from 'vitest';
import { createCounts } from '../../../../test/support/counts.ts';
import type { ObservableUpstream } from '../../src/upstream/create-upstream-registry.ts';
import { findRateLimit } from '../../src/upstream/rate-limit-remaining.ts';
import { sendJson, startLoopbackServer, type Answer } from './support/loopback-server.ts';
import { LATEST, NAME, patiently, registryOf, settingsOf, upstreamErrorOf } from './support/registry-of.ts';

const BYTES = randomBytes(500_000);
const DIGEST = digestOf(BYTES);
const MANIFEST = Buffer.from('{"schemaVersion":2}');

describe('answers of an upstream count with their bytes', () => {
  test('a manifest, a list, a blob, and nothing of a HEAD and a 404', async () => {
    const { registry, counts } = await start((response, { method, path }) => {
      if (path.includes('/tags/')) return sendJson(response, { name: NAME, tags: [] });
      if (path.endsWith('/missing')) return void response.writeHead(404).end('{"errors":[]}');
      const body = path.includes('/blobs/') ? BYTES : MANIFEST;
      response.writeHead(200, { 'content-length': body.length, 'docker-content-digest': DIGEST });
      response.end(method === 'HEAD' ? undefined : body);
    });
    await registry.manifestGet(NAME, LATEST, patiently());
    await registry.manifestHead(NAME, LATEST, patiently());
    await registry.manifestGet(NAME, { kind: 'tag', tag: parseTag('missing') }, patiently());
    const list = await registry.list(NAME, 'tags/list', '', patiently());
    const blob = await registry.blobGet(NAME, DIGEST, patiently());
    await blob?.body.toArray();
    expect(counts()).toEqual({
      'upstream_requests_total{quay.io,200}': 4,
      'upstream_requests_total{quay.io,404}': 1,
      'upstream_bytes_total{quay.io}': MANIFEST.length + (list?.bytes.length ?? 0) + BYTES.length,
      'upstream_duration_seconds_bucket{quay.io}': 5,
    });
  });

  test('while a blob is on its way, with what has come of it', async () => {
    const { registry, counts } = await start((response) => {
      response.writeHead(200, { 'content-length': BYTES.length }).write(BYTES.subarray(0, 1000));
    });
    const blob = await registry.blobGet(NAME, DIGEST, patiently());
    blob?.body.resume();
    await expect.poll(() => counts()['upstream_bytes_total{quay.io}']).toBe(1000);
    blob?.body.destroy();
  });

  test('a redirect and what it leads to are two answers, and the bytes are those of the blob', async () => {
    const storage = await startLoopbackServer((response) => void response.end(BYTES));
    const { registry, counts } = await start((response) => {
      response.writeHead(307, { location: `${storage.origin}/blob` }).end('<a href="…">moved</a>');
    });
    await (await registry.blobGet(NAME, DIGEST, patiently()))?.body.toArray();
    expect(counts()).toMatchObject({
      'upstream_requests_total{quay.io,307}': 1,
      'upstream_requests_total{quay.io,200}': 1,
      'upstream_bytes_total{quay.io}': BYTES.length,
    });
  });

  test('tokens count nowhere, but the 401 that asks for one does', async () => {
    const { registry, counts } = await start((response, { path, headers }) => {
      if (path === '/token') return sendJson(response, { token: 't'.repeat(500) });
      if (headers.authorization === undefined) {
        const realm = `http://${headers.host}/token`;
        return void response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end('{}');
      }
      response.end(MANIFEST);
    });
    await registry.manifestGet(NAME, LATEST, patiently());
    expect(counts()).toMatchObject({
      'upstream_requests_total{quay.io,401}': 1,
      'upstream_requests_total{quay.io,200}': 1,
      'upstream_bytes_total{quay.io}': MANIFEST.length,
      'upstream_duration_seconds_bucket{quay.io}': 2,
    });
  });

  test('a status that nobody has heard of is no series of its own', async () => {
    const { registry, counts } = await start((response) => void response.writeHead(599).end());
    await upstreamErrorOf(registry.manifestGet(NAME, LATEST, patiently()));
    expect(counts()).toMatchObject({ 'upstream_requests_total{quay.io,other}': 1 });
  });
});

test('the time until the head is what is measured, however long the body takes', async () => {
  let end: (() => void) | undefined;
  const { registry, tally } = await start((response) => {
    response.writeHead(200, { 'content-length': 1 }).flushHeaders();
    end = () => void response.end('x');
  });
  const blob = await registry.blobGet(NAME, DIGEST, patiently());
  const sums = tally.take().filter(isDuration);
  expect(sums).toEqual([{ series: expect.any(String), labels: ['quay.io'], by: expect.any(Number) }]);
  end?.();
  await blob?.body.toArray();
  expect(tally.take().filter(isDuration)).toEqual([]);
});

describe('questions that fail count by the kind of failure', () => {
  test('a refusal, once for each time that the upstream was asked', async () => {
    const { registry, counts } = await start((response) => void response.writeHead(403).end());
    for (let times = 0; times < 3; times += 1)
      await upstreamErrorOf(registry.manifestGet(NAME, LATEST, patiently()));
    expect(counts()).toMatchObject({
      'upstream_requests_total{quay.io,403}': 1,
      'upstream_errors_total{quay.io,denied}': 1,
    });
  });

  test('nobody at home, until it is left alone', async () => {
    const { registry, counts } = await start((response) => void response.socket?.destroy());
    for (let times = 0; times < 5; times += 1)
      await upstreamErrorOf(registry.manifestHead(NAME, LATEST, patiently()));
    expect(counts()).toEqual({
      'upstream_errors_total{quay.io,unreachable}': 3,
      'upstream_bytes_total{quay.io}': 0,
    });
  });

  test('a blob that breaks off, with the bytes that had come', async () => {
    const { registry, counts } = await start((response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write(BYTES.subarray(0, 10), () => response.socket?.destroy());
    });
    const blob = await registry.blobGet(NAME, DIGEST, patiently());
    await expect(blob?.body.toArray()).rejects.toThrowError('closed the connection');
    expect(counts()).toMatchObject({
      'upstream_errors_total{quay.io,unreachable}': 1,
      'upstream_bytes_total{quay.io}': 10,
    });
  });

  test('a caller who leaves is no failure of the upstream', async () => {
    const { registry, counts } = await start(() => {});
    const leaving = new AbortController();
    const asked = registry.manifestGet(NAME, LATEST, { signal: leaving.signal });
    leaving.abort();
    await expect(asked).rejects.toThrowError('aborted');
    expect(Object.keys(counts()).filter((name) => name.startsWith('upstream_errors'))).toEqual([]);
  });
});

describe('an outage', () => {
  test('is told with its reason and when the upstream is asked again, by the wall clock', async () => {
    const { registry, answers } = await start((response) => void response.writeHead(503).end());
    expect(registry.observe()).toEqual({});
    const beforeMs = Date.now();
    for (const name of ['a/a', 'b/b', 'c/c'])
      await upstreamErrorOf(registry.manifestGet(parseRepositoryName(name), LATEST, patiently()));
    const { outage } = registry.observe();
    const afterMs = Date.now();
    expect(outage).toMatchObject({ state: 'down', problem: expect.stringContaining('answered 503') });
    // The first pause, however long the questions took; a clock counts whole milliseconds.
    expect(outage?.askedAgainAtMs).toBeGreaterThanOrEqual(beforeMs + 1998);
    expect(outage?.askedAgainAtMs).toBeLessThanOrEqual(afterMs + 2002);
    answers.next = (response) => void response.end(MANIFEST);
    await expect
      .poll(() => registry.manifestGet(NAME, LATEST, patiently()).catch(() => undefined))
      .toBeDefined();
    expect(registry.observe()).toEqual({});
  });

  test('is none after a 429: the upstream limits us', async () => {
    const { registry } = await start((response) =>
      response.writeHead(429, { 'retry-after': '60' }).end('slow down'),
    );
    await upstreamErrorOf(registry.manifestGet(NAME, LATEST, patiently()));
    expect(registry.observe().outage).toMatchObject({
      state: 'limited',
      problem: expect.stringContaining('slow down'),
    });
    registry.update(settingsOf('http://127.0.0.1:1'));
    expect(registry.observe()).toEqual({});
  });
});

describe('what an upstream says of its limit', () => {
  test('is what it said last', async () => {
    let remaining = 100;
    const { registry } = await start((response) => {
      remaining -= 1;
      response.writeHead(200, { 'ratelimit-remaining': `${remaining};w=21600` }).end(MANIFEST);
    });
    for (let times = 0; times < 3; times += 1) await registry.manifestGet(NAME, LATEST, patiently());
    expect(registry.observe().rateLimit).toEqual({
      remaining: 97,
      windowSeconds: 21_600,
      saidAtMs: expect.any(Number),
    });
  });

  test('is not what the storage says that it redirects to', async () => {
    const storage = await startLoopbackServer((response) => {
      response.writeHead(200, { 'ratelimit-remaining': '1' }).end(BYTES);
    });
    const { registry } = await start((response) => {
      response.writeHead(307, { location: storage.origin, 'ratelimit-remaining': '76;w=21600' }).end();
    });
    await (await registry.blobGet(NAME, DIGEST, patiently()))?.body.toArray();
    expect(registry.observe().rateLimit).toMatchObject({ remaining: 76 });
  });

  test.each([
    ['76;w=21600', { remaining: 76, windowSeconds: 21_600, saidAtMs: 5 }],
    ['76 ; w=21600', { remaining: 76, windowSeconds: 21_600, saidAtMs: 5 }],
    ['0', { remaining: 0, saidAtMs: 5 }],
    ['-1', undefined],
    ['76, 75', undefined],
    ['1e9', undefined],
    ['76;w=21600;x=1', undefined],
    ['', undefined],
  ])('%j is read', (value, expected) => {
    expect(findRateLimit({ 'ratelimit-remaining': value }, 5)).toEqual(expected);
  });

  test('is not read where it is missing or repeated', () => {
    expect(findRateLimit({}, 5)).toBe(undefined);
    expect(findRateLimit({ 'ratelimit-remaining': ['1', '2'] }, 5)).toBe(undefined);
  });
});

interface Fixture {
  readonly registry: ObservableUpstream;
  readonly tally: Tally;
  readonly counts: () => Record<string, number>;
  /** What is answered from now on. */
  readonly answers: { next: Answer };
}

async function start(answer: Answer): Promise<Fixture> {
  const tally = createTally();
  const answers = { next: answer };
  const upstream = await startLoopbackServer((response, request) => answers.next(response, request));
  const registry = registryOf(upstream.origin, { tally });
  const total = createCounts(tally);
  const counts = (): Record<string, number> => {
    registry.observe();
    return total();
  };
  return { registry, tally, counts, answers };
}

function isDuration({ series }: Increment): boolean {
  return series === 'upstream_duration_seconds_sum';
}

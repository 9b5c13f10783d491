import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { digestOf } from '@registry-cache/oci';
import { randomBytes } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { StartProxyOptions } from '../src/start-proxy.ts';
import { createCounts } from '../../../test/support/counts.ts';
import { connectRaw, exchangeRaw, fetchAnswer, openAnswer } from './support/client.ts';
import { startTestProxy, type TestProxy } from './support/proxy.ts';
import { storeBlob, type StoredTestBlob } from './support/stored-blob.ts';
import { startWorker, type TestWorker } from './support/worker.ts';

const DIGEST = digestOf(Buffer.from('manifest'));
const MANIFEST = '/v2/quay.io/org/image/manifests/v1';
const BLOB = `/v2/quay.io/org/image/blobs/${DIGEST}`;
const STATUS = {
  hit: 'registry-cache; hit',
  miss: 'registry-cache; fwd=miss; stored',
  collapsed: 'registry-cache; fwd=miss; collapsed',
  revalidated: 'registry-cache; fwd=stale; fwd-status=200; detail=revalidated',
  stale: 'registry-cache; fwd=stale; detail=upstream-failed',
  forwarded: 'registry-cache; fwd=miss',
};

describe('an answer of a worker', () => {
  test.each([
    ['hit', 1234],
    ['revalidated', 1234],
    ['stale', 1234],
    ['collapsed', 1234],
    ['miss', 0],
    ['forwarded', 0],
  ] as const)('that is a %s counts once, with every byte, of which %i were saved', async (outcome, saved) => {
    const proxy = await start(answerWith({ 'cache-status': STATUS[outcome] }, randomBytes(1234)));
    await fetchAnswer(proxy.port, MANIFEST);
    expect(await proxy.counted(1)).toEqual({
      [`requests_total{quay.io,manifest,${outcome},200}`]: 1,
      [`client_bytes_total{quay.io,${outcome}}`]: 1234,
      ...(saved > 0 ? { 'saved_bytes_total{quay.io}': saved } : {}),
      [`request_duration_seconds_bucket{quay.io,manifest,${outcome}}`]: 1,
    });
  });

  test('that comes in pieces counts with the bytes of all of them', async () => {
    const pieces = [randomBytes(70_000), randomBytes(1), randomBytes(300_001)];
    const proxy = await start(async (_request, response) => {
      response.writeHead(200, { 'cache-status': STATUS.miss });
      for (const piece of pieces) if (!response.write(piece)) await once(response, 'drain');
      response.end();
    });
    await fetchAnswer(proxy.port, BLOB);
    expect(await proxy.counted(1)).toMatchObject({
      'requests_total{quay.io,blob,miss,200}': 1,
      'client_bytes_total{quay.io,miss}': 370_002,
    });
  });

  test('counts for the upstream that was meant, whichever way it is written', async () => {
    const proxy = await start(answerWith({ 'cache-status': STATUS.forwarded }, Buffer.from('{}')));
    for (const path of [
      '/v2/alpine/tags/list',
      '/quay.io/v2/org/a/tags/list',
      '/v2/org/a/tags/list?ns=quay.io',
    ])
      await fetchAnswer(proxy.port, path);
    await fetchAnswer(proxy.port, `/v2/alpine/referrers/${DIGEST}`);
    expect(await proxy.counted(4)).toMatchObject({
      'requests_total{docker.io,tags,forwarded,200}': 1,
      'requests_total{quay.io,tags,forwarded,200}': 2,
      'requests_total{docker.io,referrers,forwarded,200}': 1,
      'client_bytes_total{docker.io,forwarded}': 4,
    });
  });

  test('that has no body counts with none: HEAD and 304', async () => {
    const proxy = await start((request, response) => {
      const status = request.headers['if-none-match'] === undefined ? 200 : 304;
      response.writeHead(status, { 'cache-status': STATUS.hit, 'content-length': '500' }).end();
    });
    await fetchAnswer(proxy.port, MANIFEST, { method: 'HEAD' });
    await fetchAnswer(proxy.port, MANIFEST, { headers: { 'if-none-match': '*' } });
    expect(await proxy.counted(2)).toMatchObject({
      'requests_total{quay.io,manifest,hit,200}': 1,
      'requests_total{quay.io,manifest,hit,304}': 1,
      'client_bytes_total{quay.io,hit}': 0,
      'saved_bytes_total{quay.io}': 0,
    });
  });

  test('that is an error counts as one, with its body', async () => {
    const proxy = await start((_request, response) => void response.writeHead(404).end('{"errors":[]}'));
    await fetchAnswer(proxy.port, MANIFEST);
    await fetchAnswer(proxy.port, MANIFEST, { method: 'HEAD' });
    expect(await proxy.counted(2)).toEqual({
      'requests_total{quay.io,manifest,error,404}': 2,
      'client_bytes_total{quay.io,error}': 13,
      'request_duration_seconds_bucket{quay.io,manifest,error}': 2,
    });
  });
});

describe('of a stored blob', () => {
  test.each([
    ['the whole', {}, 'GET', 200, 100_000],
    ['a part', { range: 'bytes=10-19' }, 'GET', 206, 10],
    ['the head alone', {}, 'HEAD', 200, 0],
    ['nothing new', { 'if-none-match': '*' }, 'GET', 304, 0],
    ['a part that there is not', { range: 'bytes=100000-' }, 'GET', 416, undefined],
  ])(
    '%s counts with what was sent',
    async (_name, headers: Record<string, string>, method, status, bytes) => {
      const { blob, ...proxy } = await startWithBlob(100_000);
      const { body } = await fetchAnswer(proxy.port, blob.path, { headers, method });
      expect(bytes ?? body.length).toBe(body.length);
      expect(await proxy.counted(1)).toEqual({
        [`requests_total{quay.io,blob,hit,${status}}`]: 1,
        'client_bytes_total{quay.io,hit}': body.length,
        'saved_bytes_total{quay.io}': body.length,
        'request_duration_seconds_bucket{quay.io,blob,hit}': 1,
      });
    },
  );

  test('several parts in one body count with what stands between them', async () => {
    const { blob, ...proxy } = await startWithBlob(1000);
    const headers = { range: 'bytes=0-9,20-29' };
    const { status, body } = await fetchAnswer(proxy.port, blob.path, { headers });
    expect([status, body.length > 20]).toEqual([206, true]);
    expect(await proxy.counted(1)).toMatchObject({ 'client_bytes_total{quay.io,hit}': body.length });
  });

  test('an evicted one counts as what the worker says when it is asked again', async () => {
    const { blob, ...proxy } = await startWithBlob(1000);
    await rm(blob.folder, { recursive: true });
    await fetchAnswer(proxy.port, blob.path);
    expect(await proxy.counted(1)).toMatchObject({
      'requests_total{quay.io,blob,miss,200}': 1,
      'client_bytes_total{quay.io,miss}': 5,
    });
  });
});

test('a client that leaves in the middle counts with the bytes that were sent until then', async () => {
  const proxy = await start((_request, response) => {
    response.writeHead(200, { 'cache-status': STATUS.miss, 'content-length': '100' }).write('begun');
  });
  const answer = await openAnswer(proxy.port, BLOB);
  await once(answer, 'data');
  answer.destroy();
  expect(await proxy.counted(1)).toMatchObject({
    'requests_total{quay.io,blob,miss,200}': 1,
    'client_bytes_total{quay.io,miss}': 5,
  });
});

test('a client that leaves before there is an answer counts as 499', async () => {
  const proxy = await start(() => {});
  const socket = await connectRaw(proxy.port);
  socket.write(requestOf(MANIFEST));
  await expect.poll(() => proxy.worker.requests.length).toBe(1);
  socket.destroy();
  expect(await proxy.counted(1)).toMatchObject({
    'requests_total{quay.io,manifest,error,499}': 1,
    'client_bytes_total{quay.io,error}': 0,
  });
});

test('a client that leaves while its login is checked counts too', async () => {
  let goOn = (): void => {};
  const checked = new Promise<void>((resolve) => (goOn = resolve));
  let isAsked = false;
  const verify = async (): Promise<boolean> => {
    isAsked = true;
    await checked;
    return true;
  };
  const proxy = await start(() => {}, { verify }, { auth: { realm: 'cache', users: { amy: 'hash' } } });
  const socket = await connectRaw(proxy.port);
  const login = `Authorization: Basic ${Buffer.from('amy:right').toString('base64')}`;
  socket.write(requestOf(MANIFEST).replace('\r\n', `\r\n${login}\r\n`));
  await expect.poll(() => isAsked).toBe(true);
  socket.destroy();
  await expect.poll(() => proxy.proxy.observe().gauges?.[0]?.value).toBe(0);
  goOn();
  expect(await proxy.counted(1)).toMatchObject({ 'requests_total{quay.io,manifest,error,499}': 1 });
});

test('a worker that does not come back is an error of its upstream, and counts once', async () => {
  const proxy = await start(() => {}, { retryForMs: 10 });
  proxy.worker.kill();
  await rm(proxy.socketPath, { force: true });
  const { status, body } = await fetchAnswer(proxy.port, MANIFEST);
  expect(status).toBe(503);
  expect(await proxy.counted(1)).toEqual({
    'requests_total{quay.io,manifest,error,503}': 1,
    'client_bytes_total{quay.io,error}': body.length,
    'request_duration_seconds_bucket{quay.io,manifest,error}': 1,
  });
});

describe('answers that were given again', () => {
  test('are counted when they are asked about, and never twice', async () => {
    const body = randomBytes(321);
    const proxy = await start(answerWith({ ...REPEATABLE, 'cache-status': STATUS.hit }, body));
    const socket = await open(proxy.port);
    await ask(socket, requestOf(MANIFEST), body.length);
    await proxy.counted(1);
    for (let times = 0; times < 4; times += 1) await ask(socket, requestOf(MANIFEST), body.length);
    expect(proxy.worker.requests).toHaveLength(1);
    const expected = {
      'requests_total{quay.io,manifest,hit,200}': 5,
      'client_bytes_total{quay.io,hit}': 5 * 321,
      'saved_bytes_total{quay.io}': 5 * 321,
      'request_duration_seconds_bucket{quay.io,manifest,hit}': 5,
    };
    expect(proxy.counts()).toEqual(expected);
    await proxy.proxy.close();
    expect(proxy.counts()).toEqual(expected);
  });

  test('of HEAD count without bytes', async () => {
    const proxy = await start(answerWith({ ...REPEATABLE, 'cache-status': STATUS.hit }, Buffer.alloc(50)));
    const socket = await open(proxy.port);
    for (let times = 0; times < 3; times += 1) await ask(socket, requestOf(MANIFEST, 'HEAD'), 0);
    expect(proxy.worker.requests).toHaveLength(1);
    expect(await proxy.counted(3)).toMatchObject({ 'client_bytes_total{quay.io,hit}': 0 });
  });

  test('are asked of the worker again when it is told to forget', async () => {
    const proxy = await start(answerWith({ ...REPEATABLE, 'cache-status': STATUS.hit }, Buffer.alloc(50)));
    const socket = await open(proxy.port);
    await ask(socket, requestOf(MANIFEST), 50);
    await ask(socket, requestOf(MANIFEST), 50);
    proxy.proxy.forget();
    await ask(socket, requestOf(MANIFEST), 50);
    expect(proxy.worker.requests).toHaveLength(2);
  });
});

test('a file that a worker has named is asked for again when the proxy is told to forget', async () => {
  const { blob, ...proxy } = await startWithBlob(10, { 'x-accel-expires': '10' });
  await fetchAnswer(proxy.port, blob.path);
  await fetchAnswer(proxy.port, blob.path);
  expect(proxy.worker.requests).toHaveLength(1);
  proxy.proxy.forget();
  await fetchAnswer(proxy.port, blob.path);
  expect(proxy.worker.requests).toHaveLength(2);
});

describe('what the proxy refuses by itself counts by its code, and for no upstream', () => {
  test.each([
    ['an upstream that there is not', '/v2/gcr.io/a/manifests/v1', 'GET', 'NAME_UNKNOWN'],
    ['a push', '/v2/quay.io/org/image/blobs/uploads/', 'POST', 'UNSUPPORTED'],
    ['no endpoint', '/favicon.ico', 'GET', 'NAME_UNKNOWN'],
    ['a digest that is none', '/v2/quay.io/org/image/blobs/sha256:1', 'GET', 'DIGEST_INVALID'],
  ])('%s', async (_name, path, method, code) => {
    const proxy = await start(() => {});
    await fetchAnswer(proxy.port, path, { method });
    expect(proxy.counts()).toEqual({ [`refused_requests_total{${code}}`]: 1 });
    expect(proxy.worker.requests).toEqual([]);
  });

  test('a login that is missing', async () => {
    const proxy = await start(() => {}, {}, { auth: { realm: 'cache', users: { amy: 'hash' } } });
    await fetchAnswer(proxy.port, MANIFEST);
    expect(proxy.counts()).toEqual({ 'refused_requests_total{UNAUTHORIZED}': 1 });
  });

  test('what is no HTTP', async () => {
    const proxy = await start(() => {});
    expect(await exchangeRaw(proxy.port, 'what?\r\n\r\n')).toContain('UNSUPPORTED');
    expect(proxy.counts()).toEqual({ 'refused_requests_total{UNSUPPORTED}': 1 });
  });

  test('a pull for which there is no room', async () => {
    const connectionLimits = { max: 8, crowdedAt: 0, descriptors: 100 };
    const proxy = await start(() => {}, { connectionLimits });
    await fetchAnswer(proxy.port, MANIFEST);
    expect(proxy.counts()).toEqual({ 'refused_requests_total{UNAVAILABLE}': 1 });
  });

  test('health and the base of the API count nowhere', async () => {
    const proxy = await start(() => {});
    for (const path of ['/healthz', '/readyz', '/v2/']) await fetchAnswer(proxy.port, path);
    expect(proxy.counts()).toEqual({});
  });
});

test('connections of clients are a gauge of their process', async () => {
  const proxy = await start(() => {}, {}, { number: 2 });
  const connections = [await open(proxy.port), await open(proxy.port)];
  const observed = (): unknown => proxy.proxy.observe().gauges;
  const gauge = (value: number): unknown => [{ metric: 'client_connections', labels: ['proxy 2'], value }];
  await expect.poll(observed).toEqual(gauge(2));
  connections[0]?.destroy();
  await expect.poll(observed).toEqual(gauge(1));
});

describe('how long the upstream took', () => {
  test('is in the event, and nothing that a client sees', async () => {
    const headers = { 'cache-status': STATUS.miss, 'x-registry-cache-upstream-ms': '412' };
    const { proxy, port, events } = await start(
      answerWith({ ...headers, 'docker-content-digest': DIGEST }, Buffer.from('{}')),
    );
    const answer = await fetchAnswer(port, MANIFEST);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('x-registry-cache'))).toEqual([]);
    await proxy.close();
    expect(events).toMatchObject([{ cache: { outcome: 'miss', upstreamMs: 412 } }]);
  });

  test('is missing where the upstream was not asked, whatever the client says', async () => {
    const { blob, proxy, port, events } = await startWithBlob(10);
    await fetchAnswer(port, blob.path, { headers: { 'x-registry-cache-upstream-ms': '1' } });
    await proxy.close();
    expect(events[0]?.cache).not.toHaveProperty('upstreamMs');
  });
});

interface Fixture extends TestProxy {
  readonly worker: TestWorker;
  /** What has been counted so far. */
  readonly counts: () => Record<string, number>;
  /** The same, once so many requests have been: an answer counts when it is out, which may be after its client has it. */
  readonly counted: (requests: number) => Promise<Record<string, number>>;
}

const REPEATABLE = { 'docker-content-digest': DIGEST, 'x-accel-expires': '10' };

async function start(
  answer: RequestListener,
  options: Partial<StartProxyOptions> = {},
  settings: Parameters<typeof startTestProxy>[0] = {},
): Promise<Fixture> {
  const proxy = await startTestProxy(settings, options);
  const worker = await startWorker(proxy.socketPath, answer);
  const total = createCounts(proxy.tally);
  const counts = (): Record<string, number> => {
    proxy.proxy.observe();
    return total();
  };
  const counted = async (requests: number): Promise<Record<string, number>> => {
    await expect.poll(() => sumOf(counts(), 'requests_total')).toBe(requests);
    return counts();
  };
  return { ...proxy, worker, counts, counted };
}

async function startWithBlob(
  sizeBytes: number,
  more: Record<string, string> = {},
): Promise<Fixture & { readonly blob: StoredTestBlob }> {
  let blob: StoredTestBlob | undefined;
  const fixture = await start((request, response) => {
    for (const [name, value] of Object.entries(more)) response.setHeader(name, value);
    if (request.headers['x-registry-cache-no-accel'] === undefined) blob?.accelAnswer(request, response);
    else response.writeHead(200, { 'cache-status': STATUS.miss }).end('again');
  });
  blob = await storeBlob(fixture.settings.rootDirectory, randomBytes(sizeBytes));
  return { ...fixture, blob };
}

function sumOf(counts: Record<string, number>, series: string): number {
  const values = Object.entries(counts).filter(([name]) => name.startsWith(`${series}{`));
  return values.reduce((sum, [, value]) => sum + value, 0);
}

function answerWith(headers: Record<string, string>, body: Buffer): RequestListener {
  return (request, response) => {
    response.writeHead(200, { ...headers, 'content-length': body.length });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

function requestOf(path: string, method = 'GET'): string {
  return `${method} ${path} HTTP/1.1\r\nHost: cache\r\n\r\n`;
}

async function open(port: number): Promise<Socket> {
  const socket = await connectRaw(port);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Resolves when head and body of an answer are there. */
async function ask(socket: Socket, request: string, bodyBytes: number): Promise<void> {
  let received = Buffer.alloc(0);
  const isWhole = (): boolean => {
    const headEnd = received.indexOf('\r\n\r\n');
    return headEnd !== -1 && received.length >= headEnd + 4 + bodyBytes;
  };
  const onData = (chunk: Buffer): void => void (received = Buffer.concat([received, chunk]));
  socket.on('data', onData);
  socket.write(request);
  while (!isWhole()) await once(socket, 'data');
  socket.off('data', onData);
}

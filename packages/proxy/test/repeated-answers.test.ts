import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { StartProxyOptions } from '../src/start-proxy.ts';
import { makeCertificate } from './support/certificate.ts';
import { connectRaw, exchangeRaw } from './support/client.ts';
import { startTestProxy, type TestProxy } from './support/proxy.ts';
import { startWorker, type TestWorker } from './support/worker.ts';

const MANIFEST = '{"schemaVersion":2}';
const DIGEST = `sha256:${'d'.repeat(64)}`;
const PATH = '/v2/quay.io/org/image/manifests/v1';
const ASK = requestOf(PATH);

describe('a request of the same bytes', () => {
  test('is answered with the same bytes, without asking the worker again', async () => {
    const { worker, port } = await start({ clock: { nowMs: Date.now() } });
    const socket = await open(port);
    const answers = [await ask(socket, ASK), await ask(socket, ASK), await ask(await open(port), ASK)];
    expect(worker.requests).toHaveLength(1);
    expect(new Set(answers.map(withoutDate)).size).toBe(1);
    expect(answers[0]).toContain(MANIFEST);
  });

  test('so it is within TLS', async () => {
    const tls = await makeCertificate('repeat');
    const { worker, port } = await start({
      settings: { http: { host: '127.0.0.1', port: 0, drainTimeoutMs: 100, tls } },
    });
    const options = { host: '127.0.0.1', port, ca: tls.certificate, servername: 'localhost' };
    for (let connection = 0; connection < 2; connection += 1) {
      const socket = connectTls(options);
      await once(socket, 'secureConnect');
      for (let count = 0; count < 3; count += 1) expect(await ask(socket, ASK)).toContain(MANIFEST);
      socket.destroy();
    }
    expect(worker.requests).toHaveLength(1);
  });

  test('has an Age and a Date that go on', async () => {
    const clock = { nowMs: Date.parse('2026-01-01T00:00:00Z') };
    const { port } = await start({ clock });
    const socket = await open(port);
    expect(await ask(socket, ASK)).toMatch(/^age: 7$/m);
    clock.nowMs += 4000;
    const later = await ask(socket, ASK);
    expect(later).toMatch(/^age: 11$/m);
    expect(later).toMatch(/^Date: Thu, 01 Jan 2026 00:00:04 GMT$/m);
  });

  test('is asked of the worker again when the time is up that it gave', async () => {
    const clock = { nowMs: Date.now() };
    const { worker, port } = await start({ clock });
    const socket = await open(port);
    await ask(socket, ASK);
    clock.nowMs += 9999;
    await ask(socket, ASK);
    expect(worker.requests).toHaveLength(1);
    clock.nowMs += 1;
    await ask(socket, ASK);
    expect(worker.requests).toHaveLength(2);
  });

  test('is asked again after a reload, whose settings may refuse it', async () => {
    const { worker, port, proxy, settings } = await start();
    const socket = await open(port);
    await ask(socket, ASK);
    proxy.reload({ ...settings, upstreams: [] });
    expect(await ask(socket, ASK)).toContain('NAME_UNKNOWN');
    proxy.reload(settings);
    await ask(socket, ASK);
    expect(worker.requests).toHaveLength(2);
  });

  test('HEAD, GET and a condition are different requests', async () => {
    const { worker, port } = await start();
    const socket = await open(port);
    const head = requestOf(PATH, [], 'HEAD');
    const condition = requestOf(PATH, [`If-None-Match: "${DIGEST}"`]);
    for (let count = 0; count < 2; count += 1) {
      expect(await ask(socket, ASK)).toContain(MANIFEST);
      socket.write(head);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer.toString()).not.toContain(MANIFEST);
      await ask(socket, condition);
    }
    expect(worker.requests.map(({ method }) => method)).toEqual(['GET', 'HEAD', 'GET']);
  });
});

describe('no answer is given again', () => {
  test('that the worker has not said may be', async () => {
    const { worker, port } = await start({ headers: {} });
    const socket = await open(port);
    for (let count = 0; count < 3; count += 1) await ask(socket, ASK);
    expect(worker.requests).toHaveLength(3);
  });

  test('of an upstream that says itself who may pull, whatever its worker says', async () => {
    const { worker, port, proxy, settings } = await start();
    const upstreams = settings.upstreams.map((upstream) => ({
      ...upstream,
      authorization: 'origin' as const,
    }));
    proxy.reload({ ...settings, upstreams });
    const socket = await open(port);
    const login = requestOf(PATH, [`Authorization: Basic ${Buffer.from('a:b').toString('base64')}`]);
    for (let count = 0; count < 3; count += 1) expect(await ask(socket, login)).toContain(MANIFEST);
    expect(worker.requests).toHaveLength(3);
  });

  test('to a client without the credential that the first one had', async () => {
    const auth = { realm: 'cache', users: { node: 'hash' } };
    const { port } = await start({
      settings: { auth },
      verify: (password) => Promise.resolve(password === 'right'),
    });
    const withPassword = (password: string): string =>
      requestOf(PATH, [`Authorization: Basic ${Buffer.from(`node:${password}`).toString('base64')}`]);
    const socket = await open(port);
    expect(await ask(socket, withPassword('right'))).toContain(MANIFEST);
    expect(await ask(socket, withPassword('right'))).toContain(MANIFEST);
    expect(await ask(socket, ASK)).toMatch(/^HTTP\/1\.1 401 /);
    expect(await ask(socket, withPassword('wrong'))).toMatch(/^HTTP\/1\.1 401 /);
  });

  test('where the connection ends with it', async () => {
    const { worker, port } = await start();
    const last = requestOf(PATH, ['Connection: close']);
    for (let count = 0; count < 2; count += 1) expect(await exchangeRaw(port, last)).toContain(MANIFEST);
    expect(worker.requests).toHaveLength(2);
  });

  test('once the cache drains: a connection that asks again ends', async () => {
    const { port, proxy, worker, answerWith } = await start();
    const [socket, slow] = [await open(port), await open(port)];
    await ask(socket, ASK);
    answerWith(() => {});
    slow.write(requestOf('/v2/quay.io/org/image/manifests/slow'));
    await vi.waitFor(() => expect(worker.requests).toHaveLength(2));
    answerWith((_request, response) => void response.end('asked'));
    const isClosed = proxy.close();
    const answer = await ask(socket, ASK).catch(() => 'closed');
    expect(answer).toMatch(/^Connection: close$|closed/m);
    slow.destroy();
    await isClosed;
  });
});

describe('bytes that only look like a known request', () => {
  test.each([
    ['behind the beginning of another head', ['GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ', ASK]],
    ['behind a head that announces a body', [requestOf('/v2/', [`Content-Length: ${ASK.length}`]), ASK]],
    [
      'behind a head that announces chunks',
      [requestOf('/v2/', ['Transfer-Encoding: chunked']), ASK, '0\r\n\r\n'],
    ],
  ])('%s are no request', async (_name, pieces) => {
    const { port } = await start();
    await ask(await open(port), ASK);
    const socket = await open(port);
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    for (const piece of pieces) {
      socket.write(piece);
      await sleep(20);
    }
    await vi.waitFor(() => expect(received).toMatch(/^HTTP\/1\.1 /));
    expect(received).not.toContain(MANIFEST);
  });

  test('a known request in two pieces, or two in one, is answered all the same', async () => {
    const { port } = await start();
    const socket = await open(port);
    await ask(socket, ASK);
    socket.write(ASK.slice(0, 20));
    await sleep(20);
    expect(await ask(socket, ASK.slice(20))).toContain(MANIFEST);
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    socket.write(ASK + ASK);
    await vi.waitFor(() => expect(received.split(MANIFEST)).toHaveLength(3));
  });

  test('nor is one answered before the one that is being answered', async () => {
    const { port, worker, answerWith } = await start();
    await ask(await open(port), ASK);
    const socket = await open(port);
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    let answer = (): void => {};
    answerWith((_request, response) => {
      answer = () => void response.writeHead(200, { 'content-length': 5 }).end('first');
    });
    socket.write(requestOf('/v2/quay.io/org/image/manifests/first'));
    await vi.waitFor(() => expect(worker.requests).toHaveLength(2));
    socket.write(ASK);
    await sleep(20);
    expect(received).toBe('');
    answer();
    await vi.waitFor(() => expect(worker.requests).toHaveLength(3));
    expect(received).toMatch(/first$/);
  });
});

test('the logger is told once a second how often a connection has asked, and of every byte', async () => {
  const { port, proxy, events } = await start();
  const [one, other] = [await open(port), await open(port)];
  for (let count = 0; count < 5; count += 1) await ask(one, ASK);
  for (let count = 0; count < 2; count += 1) await ask(other, ASK);
  one.destroy();
  other.destroy();
  await proxy.close();
  const told = events.map(({ cache, request, target }) => ({
    ...cache,
    addr: request.addr,
    tag: target.tag,
  }));
  const repeated = told.filter(({ bytesSent }) => bytesSent !== MANIFEST.length);
  expect(told.reduce((sum, { times = 1 }) => sum + times, 0)).toBe(7);
  expect(told.reduce((sum, { bytesSent = 0 }) => sum + bytesSent, 0)).toBe(7 * MANIFEST.length);
  expect(repeated.map(({ times, status, outcome, tag }) => ({ times, status, outcome, tag }))).toEqual([
    { times: 4, status: 200, outcome: 'hit', tag: 'v1' },
    { times: 2, status: 200, outcome: 'hit', tag: 'v1' },
  ]);
  expect(new Set(told.map(({ addr }) => addr)).size).toBe(2);
});

test('a client that asks and does not read is not read from either', async () => {
  const asked = 800;
  const { port, events } = await start({ body: 'x'.repeat(60 * 1024) });
  await ask(await open(port), ASK);
  const socket = await open(port);
  socket.pause();
  for (let count = 0; count < asked; count += 1) {
    socket.write(ASK);
    await sleep(1);
  }
  // Far more bytes than the system takes for a connection that nobody reads from.
  await vi.waitFor(() => expect(events.some(({ cache }) => (cache?.times ?? 0) > 1)).toBe(true));
  const answered = events.reduce((sum, { cache }) => sum + (cache?.times ?? 1), 0);
  expect(answered).toBeLessThan(asked);
});

function requestOf(path: string, headers: readonly string[] = [], method = 'GET'): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: cache', ...headers, '', ''].join('\r\n');
}

interface Fixture extends TestProxy {
  readonly worker: TestWorker;
  /** From now on. */
  readonly answerWith: (answer: RequestListener) => void;
}

const EXPIRES = { 'x-accel-expires': '10' };

interface StartOptions {
  readonly settings?: Parameters<typeof startTestProxy>[0];
  readonly verify?: StartProxyOptions['verify'];
  readonly clock?: { nowMs: number };
  /** Of the worker's answers. */
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

async function start(options: StartOptions = {}): Promise<Fixture> {
  const { settings, verify, clock, headers = EXPIRES, body = MANIFEST } = options;
  const now = clock === undefined ? {} : { now: () => clock.nowMs };
  const proxy = await startTestProxy(settings, { ...(verify === undefined ? {} : { verify }), ...now });
  let answer: RequestListener = (request, response) => {
    response.writeHead(200, {
      'content-type': 'application/vnd.oci.image.manifest.v1+json',
      'content-length': body.length,
      'docker-content-digest': DIGEST,
      age: '7',
      'cache-status': 'registry-cache; hit',
      ...headers,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  const worker = await startWorker(proxy.socketPath, (request, response) => answer(request, response));
  return { ...proxy, worker, answerWith: (other) => void (answer = other) };
}

async function open(port: number): Promise<Socket> {
  const socket = await connectRaw(port);
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Resolves with the whole answer. */
async function ask(socket: Socket, request: string): Promise<string> {
  let received = '';
  const onData = (chunk: Buffer): void => void (received += chunk.toString('latin1'));
  socket.on('data', onData);
  socket.write(request);
  try {
    while (!isWhole(received)) await Promise.race([once(socket, 'data'), closed(socket)]);
  } finally {
    socket.off('data', onData);
  }
  return received;
}

function isWhole(received: string): boolean {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd === -1) return false;
  const length = Number(/^content-length: (\d+)$/im.exec(received)?.[1] ?? 0);
  return received.length >= headEnd + 4 + length;
}

async function closed(socket: Socket): Promise<never> {
  if (!socket.destroyed) await once(socket, 'close');
  throw new Error('closed before its answer');
}

function withoutDate(answer: string): string {
  return answer.replace(/^Date: .*$/m, '');
}

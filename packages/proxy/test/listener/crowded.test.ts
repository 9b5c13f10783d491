import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test, vi } from 'vitest';
import type { ConnectionLimits } from '../../src/listener/connection-limits.ts';
import { makeCertificate } from '../support/certificate.ts';
import { connectRaw, fetchAnswer } from '../support/client.ts';
import { startTestProxy, type TestProxy } from '../support/proxy.ts';
import { startWorker } from '../support/worker.ts';

const PATH = '/v2/quay.io/org/image/manifests/v1';
const LIMITS = { max: 8, crowdedAt: 6, descriptors: 100 };

describe('with as many connections as there may be', () => {
  test('the one that is idle for the longest time makes room', async () => {
    const { port, logLines } = await startTestProxy({}, { connectionLimits: LIMITS });
    const idle: Socket[] = [];
    for (let count = 0; count < 6; count += 1) idle.push(await idleConnection(port));
    const closed = idle.map((socket) => once(socket.resume(), 'close'));
    // The first one is used again, so that the second is now the longest idle.
    idle[0]?.write(`GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(idle[0] ?? fail(), 'data');
    const others = [await idleConnection(port), await idleConnection(port)];
    await Promise.all([closed[1], closed[2]]);
    expect(idle.map(({ closed: isClosed }) => isClosed)).toEqual([false, true, true, false, false, false]);
    expect(others.map(({ closed: isClosed }) => isClosed)).toEqual([false, false]);
    expect(logLines.filter(({ level }) => level === 'warn')).toEqual([
      expect.objectContaining({ msg: 'idle connections closed to make room', closed: 1, max: 8 }),
    ]);
  });

  test('an idle one of TLS makes room too', async () => {
    const tls = await makeCertificate('crowded');
    const http = { host: '127.0.0.1', port: 0, drainTimeoutMs: 100, tls };
    const { port } = await startTestProxy(
      { http },
      { connectionLimits: { max: 2, crowdedAt: 1, descriptors: 100 } },
    );
    const first = connectTls({ host: '127.0.0.1', port, ca: tls.certificate, servername: 'localhost' });
    first.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(first, 'data');
    const closed = once(first.resume(), 'close');
    expect((await fetchAnswer(port, '/healthz', { ca: tls.certificate })).status).toBe(200);
    await closed;
  });

  test('pulls in flight are not broken: health is answered, and other pulls are told to try again', async () => {
    const { port, responses, logLines } = await startStalled();
    const pulls = await Promise.all(Array.from({ length: 6 }, () => stalledPull(port)));
    await vi.waitFor(() => expect(responses).toHaveLength(6));
    expect((await fetchAnswer(port, '/readyz')).status).toBe(200);
    const refused = await fetchAnswer(port, PATH);
    expect([refused.status, refused.headers['retry-after'], refused.headers.connection]).toEqual([
      503,
      '5',
      'close',
    ]);
    expect(JSON.parse(refused.body.toString())).toMatchObject({ errors: [{ code: 'UNAVAILABLE' }] });
    for (const response of responses) response.end('whole');
    for (const pull of pulls) expect(await text(pull)).toContain('whole');
    expect(logLines.filter(({ level }) => level === 'error')).toEqual([
      expect.objectContaining({ refused: 1, open: 7, max: 8 }),
    ]);
    expect((await fetchAnswer(port, '/v2/')).status).toBe(200);
  });

  test('what comes beyond is closed as it comes, and logged once', async () => {
    const { port, responses, logLines } = await startStalled();
    for (let count = 0; count < 6; count += 1) void (await stalledPull(port));
    await vi.waitFor(() => expect(responses).toHaveLength(6));
    const surplus = [await connectRaw(port), await connectRaw(port)];
    const beyond = await Promise.all([connectRaw(port), connectRaw(port), connectRaw(port)]);
    for (const socket of beyond) expect(await text(socket)).toBe('');
    expect(surplus.map(({ closed }) => closed)).toEqual([false, false]);
    const lines = logLines.filter(({ msg }) => String(msg).startsWith('connections refused'));
    expect(lines).toEqual([expect.objectContaining({ refused: 1, maxConnections: 8 })]);
    for (const response of responses) response.end();
  });
});

describe('with as many descriptors as there may be, of which a pull takes one more than its connection', () => {
  const connectionLimits = { max: 100, crowdedAt: 90, descriptors: 8 };

  test('idle connections make room for pulls', async () => {
    const { port, responses } = await startStalled(connectionLimits);
    const idle = await Promise.all(Array.from({ length: 4 }, () => idleConnection(port)));
    const closed = idle.map((socket) => once(socket.resume(), 'close'));
    const pulls = await Promise.all(Array.from({ length: 4 }, () => stalledPull(port)));
    await vi.waitFor(() => expect(responses).toHaveLength(4));
    await Promise.all(closed);
    for (const response of responses) response.end('whole');
    for (const pull of pulls) expect(await text(pull)).toContain('whole');
  });

  test('without one, a pull is told to try again', async () => {
    const { port, responses } = await startStalled(connectionLimits);
    const silent = await Promise.all(Array.from({ length: 4 }, () => connectRaw(port)));
    for (let count = 0; count < 2; count += 1) await stalledPull(port);
    await vi.waitFor(() => expect(responses).toHaveLength(2));
    expect((await fetchAnswer(port, PATH)).status).toBe(503);
    for (const socket of silent) socket.destroy();
    for (const response of responses) response.end();
    await vi.waitFor(async () => expect((await fetchAnswer(port, '/v2/')).status).toBe(200));
  });
});

describe('requests that come on one connection at once', () => {
  test('are taken up one after the other', async () => {
    const { port, responses } = await startStalled();
    const socket = await connectRaw(port);
    const request = `GET ${PATH} HTTP/1.1\r\nHost: x\r\n\r\n`;
    socket.write(request + request + request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    for (let count = 1; count <= 3; count += 1) {
      await vi.waitFor(() => expect(responses).toHaveLength(count));
      // As long as its answer is missing, there is no other question.
      expect((await fetchAnswer(port, '/v2/')).status).toBe(200);
      expect(responses).toHaveLength(count);
      responses.at(-1)?.end(`answer ${count}`);
    }
    expect((await text(socket)).match(/answer \d/g)).toEqual(['answer 1', 'answer 2', 'answer 3']);
  });

  test('close it when there are far more than it reads answers of', async () => {
    const { port, responses } = await startStalled();
    const socket = await connectRaw(port);
    socket.on('error', () => {});
    socket.write(`GET ${PATH} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(500));
    await once(socket.resume(), 'close');
    expect(responses.length).toBeLessThanOrEqual(1);
  });
});

test('connections that are reset with requests waiting leave nothing behind', async () => {
  const tls = await makeCertificate('reset');
  const http = { host: '127.0.0.1', port: 0, drainTimeoutMs: 100, tls };
  const limits = { max: 8, crowdedAt: 6, descriptors: 4 };
  const { port, socketPath } = await startTestProxy({ http }, { connectionLimits: limits });
  await startWorker(socketPath, (_request, response) => void response.end('whole'));
  const request = `GET ${PATH} HTTP/1.1\r\nHost: x\r\n\r\n`;
  for (let count = 0; count < 6; count += 1) {
    const connection = await connectRaw(port);
    const socket = connectTls({ socket: connection, ca: tls.certificate, servername: 'localhost' });
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    socket.write(request + request);
    // The server finds both requests and the reset at once, and cannot ask any more who that was.
    connection.resetAndDestroy();
    // Answered when the one before has been noticed.
    expect((await fetchAnswer(port, '/healthz', { ca: tls.certificate })).status).toBe(200);
  }
  expect((await fetchAnswer(port, PATH, { ca: tls.certificate })).status).toBe(200);
});

async function startStalled(
  connectionLimits: ConnectionLimits = LIMITS,
): Promise<TestProxy & { responses: ServerResponse[] }> {
  const proxy = await startTestProxy({}, { connectionLimits });
  const responses: ServerResponse[] = [];
  await startWorker(proxy.socketPath, (_request, response) => void responses.push(response));
  return { ...proxy, responses };
}

async function stalledPull(port: number): Promise<Socket> {
  const socket = await connectRaw(port);
  socket.write(`GET ${PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  return socket;
}

async function idleConnection(port: number): Promise<Socket> {
  const socket = await connectRaw(port);
  socket.write(`GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  await once(socket, 'data');
  return socket;
}

function fail(): never {
  throw new Error('a connection is missing');
}

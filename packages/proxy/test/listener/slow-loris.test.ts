import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { expect, test } from 'vitest';
import { makeCertificate } from '../support/certificate.ts';
import { connectRaw, fetchAnswer } from '../support/client.ts';
import { startTestProxy } from '../support/proxy.ts';

const TIMEOUTS = { headersMs: 200, silenceMs: 200, keepAliveMs: 200 };

test('a request whose head dribbles in is answered with 408 and closed, while others are served', async () => {
  const { port } = await startTestProxy({}, { timeouts: TIMEOUTS });
  const slow = await Promise.all(Array.from({ length: 50 }, () => connectRaw(port)));
  const stops = slow.map((socket) => dribble(socket, 'GET /v2/ HTTP/1.1\r\nHost: x\r\nX: '));
  const answers = Promise.all(slow.map((socket) => text(socket)));
  expect((await fetchAnswer(port, '/readyz')).status).toBe(200);
  for (const answer of await answers) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  for (const stop of stops) stop();
});

test('so it is within TLS', async () => {
  const tls = await makeCertificate('slow');
  const http = { host: '127.0.0.1', port: 0, drainTimeoutMs: 100, tls };
  const { port } = await startTestProxy({ http }, { timeouts: TIMEOUTS });
  const socket = connectTls({ host: '127.0.0.1', port, ca: tls.certificate, servername: 'localhost' });
  await once(socket, 'secureConnect');
  const stop = dribble(socket, 'GET /v2/ HTTP/1.1\r\nX: ');
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /);
  stop();
});

test('a connection that is idle after its answer is closed', async () => {
  const { port } = await startTestProxy({}, { timeouts: TIMEOUTS });
  const socket = await connectRaw(port);
  socket.write('GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /);
});

test('a connection that ends with its answer is closed, whatever its client still sends', async () => {
  const { port } = await startTestProxy();
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  const stop = dribble(socket, 'GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', '\r\n');
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  await new Promise((resolve) => socket.once('close', resolve));
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  stop();
});

test('a head without end is refused before it fills memory', async () => {
  const { port } = await startTestProxy();
  const socket = await connectRaw(port);
  socket.on('error', () => {});
  socket.write('GET /v2/ HTTP/1.1\r\n');
  const answer = text(socket);
  while (socket.writable && !socket.readableEnded && socket.bytesRead === 0) {
    socket.write(`X-${socket.bytesWritten}: ${'x'.repeat(1000)}\r\n`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await answer).toMatch(/^HTTP\/1\.1 431 /);
  expect(socket.bytesWritten).toBeLessThan(10_000_000);
});

/** Bytes now and then, so that the connection is never silent. */
function dribble(socket: Socket, start: string, bytes = 'x'): () => void {
  socket.on('error', () => {});
  socket.write(start);
  const timer = setInterval(() => socket.writable && socket.write(bytes), 20);
  return () => clearInterval(timer);
}

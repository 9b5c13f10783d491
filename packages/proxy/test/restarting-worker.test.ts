import { createServer } from 'node:net';
import { expect, test, vi } from 'vitest';
import { fetchAnswer, connectRaw } from './support/client.ts';
import { startTestProxy } from './support/proxy.ts';
import { startWorker } from './support/worker.ts';

const PATH = '/v2/quay.io/org/image/manifests/v1';

test('a request waits for a worker that is not there yet', async () => {
  const { port, socketPath } = await startTestProxy();
  const answer = fetchAnswer(port, PATH);
  // Another request in between gives the first time to find no worker.
  await fetchAnswer(port, '/v2/');
  await startWorker(socketPath, (_request, response) => void response.end('back'));
  expect((await answer).body.toString()).toBe('back');
});

test('a request that a dying worker has not answered is asked again of the next one', async () => {
  const { port, socketPath } = await startTestProxy();
  const first = await startWorker(socketPath, () => {});
  const answer = fetchAnswer(port, PATH);
  await vi.waitFor(() => expect(first.requests).toHaveLength(1));
  first.kill();
  await startWorker(socketPath, (_request, response) => void response.end('back'));
  expect((await answer).body.toString()).toBe('back');
});

test('a kept connection that the worker has closed is no failure', async () => {
  const { port, socketPath } = await startTestProxy({}, { retryForMs: 1000 });
  const first = await startWorker(socketPath, (_request, response) => void response.end('first'));
  expect((await fetchAnswer(port, PATH)).body.toString()).toBe('first');
  first.kill();
  await startWorker(socketPath, (_request, response) => void response.end('second'));
  expect((await fetchAnswer(port, PATH)).body.toString()).toBe('second');
});

test('a worker that stays away is a 503 that says when to come again', async () => {
  const { port, logLines } = await startTestProxy({}, { retryForMs: 100 });
  const answer = await fetchAnswer(port, PATH);
  expect(answer.status).toBe(503);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  expect(JSON.parse(answer.body.toString())).toMatchObject({ errors: [{ code: 'UNAVAILABLE' }] });
  expect(logLines).toContainEqual(expect.objectContaining({ msg: 'request failed', status: 503 }));
});

test('a client that leaves ends the waiting', async () => {
  const { proxy, port, logLines } = await startTestProxy({}, { retryForMs: 60_000 });
  const socket = await connectRaw(port);
  socket.write(`GET ${PATH} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await fetchAnswer(port, '/v2/');
  socket.destroy();
  await proxy.close();
  expect(logLines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
});

test('a worker that speaks no HTTP is an error, not a wait', async () => {
  const { port, socketPath } = await startTestProxy({}, { retryForMs: 60_000 });
  const server = createServer((socket) => void socket.end('nonsense\r\n\r\n')).listen(socketPath);
  expect((await fetchAnswer(port, PATH)).status).toBe(500);
  server.close();
});

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';
import { connectRaw, openAnswer } from '../support/client.ts';
import { startTestProxy } from '../support/proxy.ts';
import { startWorker } from '../support/worker.ts';

const PATH = '/v2/quay.io/org/image/manifests/v1';

test('a pull in flight finishes, while idle and silent connections close', async () => {
  const { proxy, port, socketPath } = await startTestProxy();
  const responses: ServerResponse[] = [];
  await startWorker(socketPath, (_request, response) => {
    responses.push(response);
    response.writeHead(200, { 'content-length': '9' }).write('begun');
  });
  const answer = await openAnswer(port, PATH);
  const silent = await connectRaw(port);
  const closed = proxy.close();
  await expect(connectRaw(port)).rejects.toThrow('ECONNREFUSED');
  responses[0]?.end(' end');
  expect(await text(answer)).toBe('begun end');
  await closed;
  await once(silent.resume(), 'close');
});

test('an idle kept connection closes at once', async () => {
  const { proxy, port, socketPath } = await startTestProxy();
  const responses: ServerResponse[] = [];
  await startWorker(socketPath, (_request, response) => {
    responses.push(response);
    response.writeHead(200, { 'content-length': '9' }).write('begun');
  });
  const idle = await connectRaw(port);
  idle.write('GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(idle, 'data');
  const answer = await openAnswer(port, PATH);
  const closed = proxy.close();
  await once(idle.resume(), 'close');
  responses[0]?.end(' end');
  expect(await text(answer)).toBe('begun end');
  await closed;
});

test('a busy connection gets no further request and is told to close', async () => {
  const { proxy, port, socketPath } = await startTestProxy();
  const responses: ServerResponse[] = [];
  await startWorker(socketPath, (_request, response) => void responses.push(response));
  const socket = await connectRaw(port);
  socket.write(`GET ${PATH} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await vi.waitFor(() => expect(responses).toHaveLength(1));
  const closed = proxy.close();
  socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n');
  responses[0]?.end('done');
  const answers = await text(socket);
  expect(answers).toContain('done');
  await closed;
});

test('a connection whose pull has finished closes while others are still busy', async () => {
  const { proxy, port, socketPath } = await startTestProxy();
  const responses: ServerResponse[] = [];
  await startWorker(socketPath, (_request, response) => {
    responses.push(response);
    response.writeHead(200, { 'content-length': '9' }).write('begun');
  });
  const early = await connectRaw(port);
  early.write(`GET ${PATH} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await once(early, 'data');
  const late = await openAnswer(port, PATH);
  const closed = proxy.close();
  responses[0]?.end(' end');
  await once(early.resume(), 'close');
  responses[1]?.end(' end');
  expect(await text(late)).toBe('begun end');
  await closed;
});

test('a pull that takes longer than the drain may is cut short', async () => {
  const { proxy, port, socketPath } = await startTestProxy({
    http: { host: '127.0.0.1', port: 0, drainTimeoutMs: 20 },
  });
  await startWorker(socketPath, (_request, response) => {
    response.writeHead(200, { 'content-length': '9' }).write('begun');
  });
  const answer = await openAnswer(port, PATH);
  await proxy.close();
  await expect(text(answer)).rejects.toThrow('aborted');
});

test('closing twice is closing once', async () => {
  const { proxy } = await startTestProxy();
  await Promise.all([proxy.close(), proxy.close()]);
});

import { randomBytes } from 'node:crypto';
import { readdir, readlink } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import { connectRaw, fetchAnswer, openAnswer } from './support/client.ts';
import { startTestProxy } from './support/proxy.ts';
import { storeBlob } from './support/stored-blob.ts';
import { startWorker } from './support/worker.ts';

const PATH = '/v2/quay.io/org/image/manifests/v1';

describe('a client that leaves releases its worker', () => {
  test('before the worker has answered', async () => {
    const { port, socketPath } = await startTestProxy();
    const worker = await startWorker(socketPath, () => {});
    const socket = await connectRaw(port);
    socket.write(`GET ${PATH} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await vi.waitFor(() => expect(worker.requests).toHaveLength(1));
    socket.destroy();
    await vi.waitFor(() => expect(worker.sockets.size).toBe(0));
  });

  test('in the middle of a body', async () => {
    const { port, socketPath } = await startTestProxy();
    const worker = await startWorker(socketPath, (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('begun');
    });
    const answer = await openAnswer(port, PATH);
    answer.destroy();
    await vi.waitFor(() => expect(worker.sockets.size).toBe(0));
  });

  test('while it reads nothing of a long body', async () => {
    const { port, socketPath } = await startTestProxy();
    const chunk = Buffer.alloc(1024 * 1024);
    let stalled = false;
    const worker = await startWorker(socketPath, (_request, response) => {
      response.writeHead(200, { 'content-length': String(chunk.length * 1000) });
      while (response.write(chunk));
      stalled = response.writableNeedDrain;
    });
    const answer = await openAnswer(port, PATH);
    expect(stalled).toBe(true);
    answer.destroy();
    await vi.waitFor(() => expect(worker.sockets.size).toBe(0));
  });

  test('in the middle of a stored blob, whose file is closed', async () => {
    const { port, settings, socketPath } = await startTestProxy();
    const blob = await storeBlob(settings.rootDirectory, randomBytes(64 * 1024 * 1024));
    await startWorker(socketPath, blob.accelAnswer);
    const answer = await openAnswer(port, blob.path);
    expect(await openFiles(blob.folder)).toBe(1);
    answer.destroy();
    await vi.waitFor(async () => expect(await openFiles(blob.folder)).toBe(0));
  });
});

describe('a worker that dies in the middle of a body', () => {
  test.each([
    ['of a known length', { 'content-length': '1000' }],
    ['of chunks', { 'transfer-encoding': 'chunked' }],
  ])('%s: the client’s connection closes short, with nothing appended', async (_name, headers) => {
    const { port, socketPath, logLines } = await startTestProxy();
    const worker = await startWorker(socketPath, (_request, response) => {
      response.writeHead(200, headers).write('begun');
    });
    const answer = await openAnswer(port, PATH);
    const received: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => received.push(chunk));
    await vi.waitFor(() => expect(received).toHaveLength(1));
    const failed = new Promise((resolve) => answer.once('error', resolve));
    worker.kill();
    expect(await failed).toMatchObject({ code: 'ECONNRESET' });
    expect(Buffer.concat(received).toString()).toBe('begun');
    await vi.waitFor(() =>
      expect(logLines).toContainEqual(expect.objectContaining({ msg: 'answer ended short' })),
    );
  });
});

test('a worker that dies in the middle of a body without a length is no whole body to a client of HTTP/1.0', async () => {
  const { port, socketPath } = await startTestProxy();
  const worker = await startWorker(socketPath, (_request, response) => {
    response.writeHead(200).write('begun');
  });
  const socket = await connectRaw(port);
  const failed = new Promise((resolve) => socket.once('error', resolve).once('end', () => resolve('ended')));
  socket.write(`GET ${PATH} HTTP/1.0\r\n\r\n`);
  for await (const chunk of socket.iterator({ destroyOnReturn: false }))
    if (String(chunk).endsWith('begun')) break;
  socket.resume();
  worker.kill();
  expect(await failed).toMatchObject({ code: 'ECONNRESET' });
});

test('a slow client holds its worker back instead of filling memory', async () => {
  const { port, socketPath } = await startTestProxy();
  const chunk = Buffer.alloc(1024 * 1024);
  const total = 64;
  let sent = 0;
  await startWorker(socketPath, (_request, response) => {
    response.writeHead(200, { 'content-length': String(total * chunk.length) });
    const send = (): void => {
      while (sent < total) {
        sent += 1;
        if (!response.write(chunk)) return void response.once('drain', send);
      }
      response.end();
    };
    send();
  });
  const answer = await openAnswer(port, PATH);
  // Other pulls go on meanwhile, often enough for the worker to have sent everything if nothing held it back.
  for (let count = 0; count < 200; count += 1) await fetchAnswer(port, '/v2/');
  expect(sent).toBeLessThan(total / 2);
  let received = 0;
  for await (const part of answer) received += part.length;
  expect(received).toBe(total * chunk.length);
});

async function openFiles(folder: string): Promise<number> {
  const names = await readdir('/proc/self/fd');
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(folder)).length;
}

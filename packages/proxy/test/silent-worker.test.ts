import type { ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { fetchAnswer, openAnswer } from './support/client.ts';
import { startTestProxy } from './support/proxy.ts';
import { storeBlob } from './support/stored-blob.ts';
import { startWorker } from './support/worker.ts';

const PATH = '/v2/quay.io/org/image/manifests/v1';

test('a worker that takes a question and does not answer it is a 504, and is let go', async () => {
  const { port, socketPath, logLines } = await startTestProxy({}, { headTimeoutMs: 50 });
  const worker = await startWorker(socketPath, () => {});
  const answer = await fetchAnswer(port, PATH);
  expect(answer.status).toBe(504);
  expect(answer.headers['retry-after']).toBe('5');
  expect(JSON.parse(answer.body.toString())).toEqual({
    errors: [
      {
        code: 'UPSTREAM_TIMEOUT',
        message: 'the worker of this upstream has not begun to answer within 0.05 s: try again',
      },
    ],
  });
  await vi.waitFor(() => expect(worker.sockets.size).toBe(0));
  expect(worker.requests).toHaveLength(1);
  expect(logLines).toContainEqual(expect.objectContaining({ msg: 'request failed', status: 504 }));
});

test('a body takes longer than its head may', async () => {
  const { port, socketPath } = await startTestProxy({}, { headTimeoutMs: 50 });
  const responses: ServerResponse[] = [];
  await startWorker(socketPath, (_request, response) => {
    responses.push(response);
    response.writeHead(200, { 'content-length': '9' }).write('begun');
  });
  const answer = await openAnswer(port, PATH);
  await sleep(100);
  responses[0]?.end(' end');
  expect(await text(answer)).toBe('begun end');
});

test('asking again for the bytes of a blob does not give the worker more time', async () => {
  const { port, socketPath, settings } = await startTestProxy({}, { headTimeoutMs: 50 });
  const blob = await storeBlob(`${settings.rootDirectory}-elsewhere`, Buffer.from('not here'));
  const worker = await startWorker(socketPath, (request, response) => {
    if (request.headers['x-registry-cache-no-accel'] === undefined) blob.accelAnswer(request, response);
  });
  expect((await fetchAnswer(port, blob.path)).status).toBe(504);
  expect(worker.requests).toHaveLength(2);
});

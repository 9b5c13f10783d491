import { randomBytes } from 'node:crypto';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { fetchAnswer } from './support/client.ts';
import { startTestProxy, type TestProxy } from './support/proxy.ts';
import { storeBlob, type StoredTestBlob } from './support/stored-blob.ts';
import { startWorker, type TestWorker } from './support/worker.ts';

const BYTES = randomBytes(300_000);

test('the worker names a file once for all the ranges that are read of it', async () => {
  const { port, blob, worker } = await start();
  for (let start = 0; start < BYTES.length; start += 100_000) {
    const range = `bytes=${start}-${start + 99_999}`;
    const answer = await fetchAnswer(port, blob.path, { headers: { range } });
    expect([answer.status, answer.body.equals(BYTES.subarray(start, start + 100_000))]).toEqual([206, true]);
    expect(answer.headers['cache-status']).toBe('registry-cache; hit');
  }
  expect(worker.requests).toHaveLength(1);
});

test('it is asked again when the time is up that it gave, and after a reload', async () => {
  const clock = { nowMs: Date.now() };
  const { port, blob, worker, proxy, settings } = await start({ clock });
  await fetchAnswer(port, blob.path);
  clock.nowMs += 8000;
  await fetchAnswer(port, blob.path);
  expect(worker.requests).toHaveLength(1);
  clock.nowMs += 2000;
  await fetchAnswer(port, blob.path);
  expect(worker.requests).toHaveLength(2);
  proxy.reload(settings);
  await fetchAnswer(port, blob.path);
  expect(worker.requests).toHaveLength(3);
});

test('a file that was evicted meanwhile comes from the worker, which is asked from then on', async () => {
  const { port, blob, worker } = await start();
  await fetchAnswer(port, blob.path);
  await rm(blob.folder, { recursive: true });
  expect((await fetchAnswer(port, blob.path)).body.toString()).toBe('from the upstream');
  expect((await fetchAnswer(port, blob.path)).body.toString()).toBe('from the upstream');
  const asked = worker.requests.map(({ headers }) => headers['x-registry-cache-no-accel']);
  expect(asked).toEqual([undefined, '1', undefined, '1']);
});

test('a file that turns out to be damaged is not sent twice', async () => {
  const { port, blob, worker } = await start();
  await fetchAnswer(port, blob.path);
  await truncate(join(blob.folder, 'data'), 10);
  expect((await fetchAnswer(port, blob.path)).body.toString()).toBe('from the upstream');
  await writeFile(join(blob.folder, 'data'), BYTES);
  const asked = worker.requests.length;
  expect((await fetchAnswer(port, blob.path)).body.equals(BYTES)).toBe(true);
  await vi.waitFor(() => expect(worker.requests.length).toBeGreaterThan(asked));
});

test('nothing is remembered of a worker that has not said for how long', async () => {
  const { port, blob, worker } = await start({ headers: {} });
  for (let count = 0; count < 3; count += 1) await fetchAnswer(port, blob.path);
  expect(worker.requests).toHaveLength(3);
});

interface Fixture extends TestProxy {
  readonly blob: StoredTestBlob;
  readonly worker: TestWorker;
}

interface StartOptions {
  readonly clock?: { nowMs: number };
  /** Of the worker's answers. */
  readonly headers?: Record<string, string>;
}

async function start({ clock, headers = { 'x-accel-expires': '9' } }: StartOptions = {}): Promise<Fixture> {
  const proxy = await startTestProxy({}, clock === undefined ? {} : { now: () => clock.nowMs });
  const blob = await storeBlob(proxy.settings.rootDirectory, BYTES);
  const worker = await startWorker(proxy.socketPath, (request, response) => {
    if (request.headers['x-registry-cache-no-accel'] === '1') {
      response.end('from the upstream');
      return;
    }
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    blob.accelAnswer(request, response);
  });
  return { ...proxy, blob, worker };
}

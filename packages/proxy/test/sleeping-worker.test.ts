import { expect, test, vi } from 'vitest';
import { fetchAnswer } from './support/client.ts';
import { startTestProxy } from './support/proxy.ts';
import { startWorker } from './support/worker.ts';

const PATH = '/v2/quay.io/org/image/manifests/v1';

test('a request for a worker that sleeps has it woken, and is answered by it', async () => {
  const wake = vi.fn<(socketPath: string) => void>((path) => {
    void startWorker(path, (_request, response) => void response.end('awake'));
  });
  const { port, socketPath } = await startTestProxy({}, { wake });
  expect((await fetchAnswer(port, PATH)).body.toString()).toBe('awake');
  expect(wake.mock.calls[0]).toEqual([socketPath]);
});

test('a herd does not have it woken for each request', async () => {
  const wake = vi.fn<(socketPath: string) => void>();
  const { port, socketPath } = await startTestProxy({}, { wake });
  const answers = Array.from({ length: 50 }, () => fetchAnswer(port, PATH));
  await vi.waitFor(() => expect(wake).toHaveBeenCalled());
  await startWorker(socketPath, (_request, response) => void response.end('awake'));
  for (const { body } of await Promise.all(answers)) expect(body.toString()).toBe('awake');
  expect(wake.mock.calls.length).toBeLessThan(answers.length);
});

test('it is woken again when it has fallen asleep before it was asked', async () => {
  let lives = 0;
  const wake = (path: string): void => {
    lives += 1;
    if (lives === 2) void startWorker(path, (_request, response) => void response.end('awake'));
  };
  const { port } = await startTestProxy({}, { wake });
  expect((await fetchAnswer(port, PATH)).body.toString()).toBe('awake');
  expect(lives).toBe(2);
});

test('a worker that listens is not woken', async () => {
  const wake = vi.fn<(socketPath: string) => void>();
  const { port, socketPath } = await startTestProxy({}, { wake });
  const worker = await startWorker(socketPath, (_request, response) => void response.end('awake'));
  await fetchAnswer(port, PATH);
  worker.kill();
  await startWorker(socketPath, (_request, response) => void response.end('again'));
  expect((await fetchAnswer(port, PATH)).body.toString()).toBe('again');
  expect(wake).not.toHaveBeenCalled();
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import { readBody } from '../../src/warm/read-body.ts';
import { createWorkerLink } from '../../src/warm/worker-link.ts';
import { createScriptedWorker, type ScriptedWorker } from './support/scripted-worker.ts';

const { signal } = new AbortController();

let worker: ScriptedWorker;
beforeEach(async () => {
  worker = await createScriptedWorker();
  worker.answers.set('/v2/org/app/tags/list', (res) => res.end('{}'));
});
afterEach(() => worker.close());

test('a worker that sleeps is woken, and asked when it is there', async () => {
  const woken: string[] = [];
  const link = createWorkerLink({
    wake: (socketPath) => {
      woken.push(socketPath);
      if (woken.length === 2) void worker.listen();
    },
  });
  const { socketPath } = worker;
  const answer = await link.get({ socketPath, target: '/v2/org/app/tags/list' }, signal);
  expect((await readBody(answer, 10)).toString()).toBe('{}');
  expect(new Set(woken)).toEqual(new Set([socketPath]));
  link.close();
});

test('a worker that does not come is not waited for for ever', async () => {
  await worker.listen();
  const link = createWorkerLink({ wake: () => {}, retryForMs: 100 });
  const asked = link.get({ socketPath: `${worker.socketPath}.none`, target: '/' }, signal);
  await expect(asked).rejects.toThrow('the worker of this upstream does not start');
  link.close();
});

test('whoever leaves does not wait for a worker', async () => {
  await worker.listen();
  const link = createWorkerLink({ wake: () => {} });
  const leaving = new AbortController();
  const asked = link.get({ socketPath: `${worker.socketPath}.none`, target: '/' }, leaving.signal);
  leaving.abort();
  await expect(asked).rejects.toThrow(/abort/i);
  link.close();
});

test('an answer that is too long is not read', async () => {
  await worker.listen();
  worker.answers.set('/long', (res) => res.end('four'));
  const link = createWorkerLink({ wake: () => {} });
  const answer = await link.get({ socketPath: worker.socketPath, target: '/long' }, signal);
  await expect(readBody(answer, 3)).rejects.toThrow('more than 3 bytes');
  link.close();
});

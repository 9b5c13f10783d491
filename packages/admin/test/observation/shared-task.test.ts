import { expect, test } from 'vitest';
import { createSharedTask } from '../../src/observation/shared-task.ts';

const NEVER = new AbortController().signal;

test('whoever asks at the same time shares one run', async () => {
  let runs = 0;
  let finish: (() => void) | undefined;
  const task = createSharedTask(() => {
    runs += 1;
    return new Promise((resolve) => (finish = resolve));
  }, 0);
  const asked = [task.run(NEVER), task.run(NEVER), task.run(NEVER)];
  finish?.();
  await Promise.all(asked);
  expect(runs).toBe(1);
});

test('whoever gives up leaves the run to the others', async () => {
  let finish: (() => void) | undefined;
  const task = createSharedTask(() => new Promise((resolve) => (finish = resolve)), 0);
  const leaving = new AbortController();
  const staying = task.run(NEVER);
  const left = task.run(leaving.signal);
  leaving.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  finish?.();
  await expect(staying).resolves.toBeUndefined();
});

test('a run that has just ended is enough', async () => {
  let runs = 0;
  const task = createSharedTask(async () => void (runs += 1), Number.POSITIVE_INFINITY);
  await task.run(NEVER);
  await task.run(NEVER);
  expect(runs).toBe(1);
});

import { expect, test } from 'vitest';
import { createSerialTask } from '../src/serial-task.ts';

interface Run {
  end(): void;
}

function observedTask(): { runs: Run[]; task: ReturnType<typeof createSerialTask> } {
  const runs: Run[] = [];
  const task = createSerialTask(() => new Promise((resolve) => void runs.push({ end: resolve })));
  return { runs, task };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('whatever is asked for during a run leads to one more', async () => {
  const { runs, task } = observedTask();
  const first = task.run();
  await settled();
  const others = [task.run(), task.run(), task.run()];
  await settled();
  expect(runs.length).toBe(1);
  runs[0]?.end();
  await first;
  await settled();
  expect(runs.length).toBe(2);
  runs[1]?.end();
  await Promise.all(others);
  expect(runs.length).toBe(2);
});

test('closing waits for the run under way and allows no other', async () => {
  const { runs, task } = observedTask();
  void task.run();
  await settled();
  void task.run();
  let closed = false;
  const closing = task.close().then(() => (closed = true));
  await settled();
  expect(closed).toBe(false);
  runs[0]?.end();
  await closing;
  expect(runs.length).toBe(1);
});

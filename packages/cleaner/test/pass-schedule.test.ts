import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { schedulePasses } from '../src/pass-schedule.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A pass that runs until the test ends it, or it is stopped. */
function createPasses(): {
  readonly runPass: (signal: AbortSignal) => Promise<void>;
  started: number;
  running: number;
  endPass: () => void;
} {
  const passes = {
    started: 0,
    running: 0,
    endPass: () => {},
    async runPass(this: void, signal: AbortSignal): Promise<void> {
      passes.started += 1;
      passes.running += 1;
      await new Promise<void>((resolve) => {
        passes.endPass = resolve;
        signal.addEventListener('abort', () => resolve());
      });
      passes.running -= 1;
    },
  };
  return passes;
}

test('the first pass comes soon, and each of the others an interval after the one before has ended', async () => {
  const passes = createPasses();
  const schedule = schedulePasses({ everyMs: 1_000, firstAfterMs: 10, runPass: passes.runPass });

  await vi.advanceTimersByTimeAsync(10);
  expect(passes.started).toBe(1);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(passes.started).toBe(1);
  passes.endPass();
  await vi.advanceTimersByTimeAsync(999);
  expect(passes.started).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(passes.started).toBe(2);

  await schedule.close();
});

test('a restart stops the pass that runs and starts another, never two at once', async () => {
  const passes = createPasses();
  const schedule = schedulePasses({ everyMs: 1_000, firstAfterMs: 0, runPass: passes.runPass });
  await vi.advanceTimersByTimeAsync(0);

  schedule.restart(50);
  schedule.restart(100);
  await vi.advanceTimersByTimeAsync(0);
  expect(passes).toMatchObject({ started: 2, running: 1 });
  passes.endPass();
  await vi.advanceTimersByTimeAsync(99);
  expect(passes.started).toBe(2);
  await vi.advanceTimersByTimeAsync(1);
  expect(passes.started).toBe(3);

  await schedule.close();
});

test('what is to be done first stops the pass that runs, which begins again afterwards', async () => {
  const passes = createPasses();
  const first = createPasses();
  const schedule = schedulePasses({ everyMs: 1_000, firstAfterMs: 0, runPass: passes.runPass });
  await vi.advanceTimersByTimeAsync(0);

  const done = schedule.runFirst(first.runPass);
  await vi.advanceTimersByTimeAsync(5_000);
  expect([passes.started, passes.running, first.running]).toEqual([1, 0, 1]);
  first.endPass();
  await done;
  await vi.advanceTimersByTimeAsync(0);
  expect([passes.started, passes.running, first.running]).toEqual([2, 1, 0]);

  await schedule.close();
});

test('what is to be done first does not put off the next pass, and never runs beside it', async () => {
  const passes = createPasses();
  const first = createPasses();
  const schedule = schedulePasses({ everyMs: 1_000, firstAfterMs: 10, runPass: passes.runPass });

  const done = schedule.runFirst(first.runPass);
  await vi.advanceTimersByTimeAsync(10);
  expect([passes.running, first.running]).toEqual([0, 1]);
  first.endPass();
  await done;
  await vi.advanceTimersByTimeAsync(0);
  expect([passes.running, first.running]).toEqual([1, 0]);

  await schedule.close();
  await schedule.runFirst(first.runPass);
  expect(first.started).toBe(1);
});

test('closing stops the pass that runs, and no other follows', async () => {
  const passes = createPasses();
  const schedule = schedulePasses({ everyMs: 1_000, firstAfterMs: 0, runPass: passes.runPass });
  await vi.advanceTimersByTimeAsync(0);

  await schedule.close();

  expect(passes.running).toBe(0);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(passes.started).toBe(1);
});

test('an interval longer than a timer can be does not fire at once', async () => {
  const passes = createPasses();
  const schedule = schedulePasses({ everyMs: 2 ** 40, firstAfterMs: 2 ** 40, runPass: passes.runPass });

  await vi.advanceTimersByTimeAsync(60_000);

  expect(passes.started).toBe(0);
  await schedule.close();
});

test.each([NaN, Infinity, -1, 0])('an interval of %d is refused', (everyMs) => {
  const { runPass } = createPasses();

  expect(() => schedulePasses({ everyMs, firstAfterMs: 0, runPass })).toThrow(RangeError);
});

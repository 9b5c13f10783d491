import { expect, test } from 'vitest';
import { createSleep } from '../src/sleep.ts';

test('a process that was told to end and has ended is asleep until it is needed', async () => {
  const sleep = createSleep({ isAsleep: false });
  sleep.fallAsleep();
  expect(sleep.isAsleep).toBe(false);
  expect(sleep.ended(0)).toBe(true);
  expect(sleep.isAsleep).toBe(true);
  const woken = sleep.woken();
  sleep.wake();
  await woken;
  expect(sleep.isAsleep).toBe(false);
});

test('one that is needed while it ends is not asleep then', async () => {
  const sleep = createSleep({ isAsleep: false });
  sleep.fallAsleep();
  sleep.wake();
  expect(sleep.ended(0)).toBe(true);
  expect(sleep.isAsleep).toBe(false);
  await sleep.woken();
});

test('whoever asks for one that runs is late, and is not remembered', () => {
  const sleep = createSleep({ isAsleep: false });
  sleep.wake();
  sleep.fallAsleep();
  expect(sleep.ended(0)).toBe(true);
  expect(sleep.isAsleep).toBe(true);
});

test('one that had something to do after all is awake, whoever asked meanwhile', () => {
  const sleep = createSleep({ isAsleep: false });
  sleep.fallAsleep();
  sleep.wake();
  sleep.stayAwake();
  sleep.fallAsleep();
  sleep.ended(0);
  expect(sleep.isAsleep).toBe(true);
});

test.each([1, undefined])('one that fails while it ends, with %s, has not fallen asleep', (exitCode) => {
  const sleep = createSleep({ isAsleep: false });
  sleep.fallAsleep();
  expect(sleep.ended(exitCode)).toBe(false);
  expect(sleep.isAsleep).toBe(false);
});

test('one that ends without being told to has not fallen asleep', () => {
  const sleep = createSleep({ isAsleep: false });
  expect(sleep.ended(0)).toBe(false);
  expect(sleep.isAsleep).toBe(false);
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createOccupation, type Occupation } from '../src/occupation.ts';

let occupation: Occupation;
let idleTimeoutMs: number;
let idled: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  idled = 0;
  idleTimeoutMs = 60_000;
  occupation = createOccupation({
    idleTimeoutMs: () => idleTimeoutMs,
    onIdle: () => idled++,
    now: () => performance.now(),
  });
});
afterEach(() => {
  occupation.close();
  vi.useRealTimers();
});

test('who does nothing is idle after the time for it, and again', () => {
  vi.advanceTimersByTime(59_999);
  expect([idled, occupation.isIdle()]).toEqual([0, false]);
  vi.advanceTimersByTime(1);
  expect([idled, occupation.isIdle()]).toEqual([1, true]);
  vi.advanceTimersByTime(60_000);
  expect(idled).toBe(2);
});

test('the time counts from the end of the last work', () => {
  vi.advanceTimersByTime(50_000);
  const [first, second] = [occupation.begin(), occupation.begin()];
  vi.advanceTimersByTime(100_000);
  first();
  first();
  expect(occupation.isIdle()).toBe(false);
  vi.advanceTimersByTime(100_000);
  second();
  vi.advanceTimersByTime(59_999);
  expect(idled).toBe(0);
  vi.advanceTimersByTime(1);
  expect(idled).toBe(1);
});

test('work that begins after the idleness was told ends it', () => {
  vi.advanceTimersByTime(60_000);
  const end = occupation.begin();
  expect(occupation.isIdle()).toBe(false);
  end();
  expect(occupation.isIdle()).toBe(false);
});

test('without a time for it, nobody is ever idle', () => {
  idleTimeoutMs = 0;
  occupation.restart();
  vi.advanceTimersByTime(1_000_000);
  expect([idled, occupation.isIdle()]).toEqual([0, false]);
  idleTimeoutMs = 60_000;
  occupation.restart();
  vi.advanceTimersByTime(1);
  expect(idled).toBe(1);
});

test('however short the time is, a life has a second', () => {
  occupation.close();
  idleTimeoutMs = 1;
  occupation = createOccupation({
    idleTimeoutMs: () => 1,
    onIdle: () => idled++,
    now: () => performance.now(),
  });
  occupation.begin()();
  vi.advanceTimersByTime(999);
  expect(idled).toBe(0);
  vi.advanceTimersByTime(1);
  expect(idled).toBe(1);
});

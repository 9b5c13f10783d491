import { expect, test } from 'vitest';
import { createBackoff } from '../src/backoff.ts';

const options = { minMs: 100, maxMs: 1000, healthyAfterMs: 60_000 };

test('delays double up to the longest', () => {
  const backoff = createBackoff({ ...options, random: () => 1 });
  const delays = Array.from({ length: 6 }, () => backoff.nextDelayMs(5));
  expect(delays).toEqual([100, 200, 400, 800, 1000, 1000]);
});

test('half of a delay is random', () => {
  const random = [0, 0.5];
  const backoff = createBackoff({ ...options, random: () => random.shift() ?? 1 });
  expect(backoff.nextDelayMs(5)).toBe(50);
  expect(backoff.nextDelayMs(5)).toBe(150);
});

test('after a healthy life the delays begin again', () => {
  const backoff = createBackoff({ ...options, random: () => 1 });
  for (let failure = 0; failure < 5; failure += 1) backoff.nextDelayMs(5);
  expect(backoff.nextDelayMs(59_999)).toBe(1000);
  expect(backoff.nextDelayMs(60_000)).toBe(100);
  expect(backoff.nextDelayMs(5)).toBe(200);
});

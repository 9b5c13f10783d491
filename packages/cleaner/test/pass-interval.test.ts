import { expect, test } from 'vitest';
import { passIntervalMs } from '../src/pass-interval.ts';

const HOUR_MS = 60 * 60_000;

test.each([
  ['as configured where nothing expires', undefined, HOUR_MS],
  ['as configured where that is often enough', 24 * HOUR_MS, HOUR_MS],
  ['ten times in the life of a blob', HOUR_MS, HOUR_MS / 10],
  ['no more than once in a second', 2_000, 1_000],
])('passes run %s', (_, blobTtlMs, everyMs) => {
  const limits = { maxSizeBytes: 1, thresholdPercentage: 0, runEveryMs: HOUR_MS, pins: [] };
  const expiry = blobTtlMs === undefined ? {} : { expiry: { blobTtlMs, from: 'fetched' as const } };
  expect(passIntervalMs({ ...limits, ...expiry })).toBe(everyMs);
});

test('an interval below a second stays as it is configured', () => {
  const limits = { maxSizeBytes: 1, thresholdPercentage: 0, runEveryMs: 500, pins: [] };
  expect(passIntervalMs({ ...limits, expiry: { blobTtlMs: 1, from: 'pulled' } })).toBe(500);
});

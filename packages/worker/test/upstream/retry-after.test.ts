import { expect, it } from 'vitest';
import { findRetryAfterSeconds } from '../../src/upstream/retry-after.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');

it.each([
  ['17', 17],
  ['0', 0],
  ['Thu, 01 Jan 2026 00:00:30 GMT', 30],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  ['1767225600', 86_400],
  ['soon', undefined],
  [undefined, undefined],
  [['1', '2'], undefined],
])('Retry-After %j means %j seconds', (header, seconds) => {
  expect(findRetryAfterSeconds(header, NOW_MS)).toBe(seconds);
});

import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createRecentBytes } from '../src/fill/recent-bytes.ts';

const MIB = 1024 * 1024;

test('what was stored last is found from any position, as far as its piece goes', () => {
  const recent = createRecentBytes();
  const bytes = randomBytes(300);
  recent.keep([bytes.subarray(0, 100), bytes.subarray(100)], 1300);
  expect(recent.find(1000)).toEqual(bytes.subarray(0, 100));
  expect(recent.find(1099)).toEqual(bytes.subarray(99, 100));
  expect(recent.find(1100)).toEqual(bytes.subarray(100));
  expect(recent.find(1299)).toEqual(bytes.subarray(299));
});

test('what is not there, or no longer, is not found', () => {
  const recent = createRecentBytes();
  expect(recent.find(0)).toBeUndefined();
  recent.keep([randomBytes(100)], 1100);
  expect(recent.find(999)).toBeUndefined();
  expect(recent.find(1100)).toBeUndefined();
  recent.clear();
  expect(recent.find(1000)).toBeUndefined();
});

test('older bytes make room for newer ones, so that a fill of any length takes no more memory', () => {
  const recent = createRecentBytes();
  const half = Buffer.alloc(MIB / 2);
  for (let end = MIB / 2; end <= 4 * MIB; end += MIB / 2) recent.keep([half], end);
  expect(recent.find(3 * MIB - 1)).toBeUndefined();
  expect(recent.find(3 * MIB)).toBeDefined();
});

test('an upstream that sends byte by byte takes no more memory either', () => {
  const recent = createRecentBytes();
  for (let end = 1; end <= 10_000; end++) recent.keep([Buffer.from('x')], end);
  expect(recent.find(0)).toBeUndefined();
  expect(recent.find(9_999)).toBeDefined();
});

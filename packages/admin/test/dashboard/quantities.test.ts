import { expect, test } from 'vitest';
import {
  formatAge,
  formatBytes,
  formatCounted,
  formatDuration,
  formatRatio,
} from '../../src/dashboard/quantities.ts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1024 ** 2 - 1, '1.0 MiB'],
  [15.4 * 1024 ** 3, '15 GiB'],
  [1024 ** 6, '1024 PiB'],
  [-1, '0 B'],
])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test.each([
  [undefined, '–'],
  [0, '0 %'],
  [1, '100 %'],
  [0.99999, '99.9 %'],
  [0.00001, '0.1 %'],
  [0.942, '94.2 %'],
])('a ratio of %s is %s', (ratio, text) => expect(formatRatio(ratio)).toBe(text));

test.each([
  [0, '1 s'],
  [90_000, '90 s'],
  [125_000, '2 min'],
  [7_200_000, '2 h'],
  [12.5 * 86_400_000, '12 d'],
])('%d ms are %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

test('times are before, after, or now', () => {
  expect(formatAge(0, 3000)).toBe('3 s ago');
  expect(formatAge(3000, 0)).toBe('in 3 s');
  expect(formatAge(500, 0)).toBe('just now');
});

test('one is one', () => {
  expect(formatCounted(1, 'image')).toBe('1 image');
  expect(formatCounted(12_840, 'process', 'processes')).toBe('12,840 processes');
});

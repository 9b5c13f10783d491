import { expect, test } from 'vitest';
import { medianOf, rotate } from './statistics.ts';

test.each([
  { samples: [3, 1, 2], median: 2 },
  { samples: [4, 1, 2, 3], median: 2.5 },
  { samples: [7], median: 7 },
  { samples: [], median: Number.NaN },
])('the median of $samples is $median', ({ samples, median }) => {
  expect(medianOf(samples)).toBe(median);
});

test('the median leaves the order of samples as it was', () => {
  const samples = [3, 1, 2];
  medianOf(samples);
  expect(samples).toEqual([3, 1, 2]);
});

test('everybody is first in one of as many rounds as there are', () => {
  const list = ['a', 'b', 'c'];
  const first = [0, 1, 2].map((round) => rotate(list, round)[0]);
  expect(new Set(first)).toEqual(new Set(list));
});

test('a rotated list has every member once', () => {
  expect(rotate(['a', 'b', 'c'], 4)).toEqual(['b', 'c', 'a']);
  expect(rotate([], 4)).toEqual([]);
});

import { expect, test } from 'vitest';
import { parseRange } from '../src/byte-ranges.ts';

const MANY = Array.from({ length: 257 }, (_, index) => `${index * 2}-${index * 2}`).join(',');

test.each([
  ['bytes=0-0', [{ start: 0, end: 0 }]],
  ['bytes=2-5', [{ start: 2, end: 5 }]],
  ['bytes=990-', [{ start: 990, end: 999 }]],
  ['bytes=990-5000', [{ start: 990, end: 999 }]],
  ['bytes=-10', [{ start: 990, end: 999 }]],
  ['bytes=-5000', [{ start: 0, end: 999 }]],
  ['bytes=0-999', [{ start: 0, end: 999 }]],
  ['BYTES=0-1', [{ start: 0, end: 1 }]],
  [
    'bytes=10-19, 0-4',
    [
      { start: 10, end: 19 },
      { start: 0, end: 4 },
    ],
  ],
  ['bytes=0-4,2000-2001', [{ start: 0, end: 4 }]],
])('%s of 1000 bytes', (header, ranges) => {
  expect(parseRange(header, 1000)).toEqual({ kind: 'ranges', ranges });
});

test.each([['bytes=1000-'], ['bytes=-0'], ['bytes=2000-3000,4000-']])('%s is beyond 1000 bytes', (header) => {
  expect(parseRange(header, 1000)).toEqual({ kind: 'unsatisfiable' });
});

test.each([
  ['another unit', 'items=0-1'],
  ['no unit', '0-1'],
  ['no range', 'bytes='],
  ['no numbers', 'bytes=a-b'],
  ['a single number', 'bytes=5'],
  ['a bare dash', 'bytes=-'],
  ['too many ranges', `bytes=${MANY}`],
  ['overlaps that add up to more than the whole', 'bytes=0-,0-,0-'],
])('%s means the whole', (_name, header) => {
  expect(parseRange(header, 1000)).toEqual({ kind: 'whole' });
});

test('256 ranges are served', () => {
  const header = `bytes=${MANY.slice(0, MANY.lastIndexOf(','))}`;
  const parsed = parseRange(header, 1000);
  expect(parsed.kind === 'ranges' && parsed.ranges.length).toBe(256);
});

test('nothing can be had of an empty blob', () => {
  expect(parseRange('bytes=0-', 0)).toEqual({ kind: 'unsatisfiable' });
});

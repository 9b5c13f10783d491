import { expect, test } from 'vitest';
import { parseByteRate } from '../src/byte-rate.ts';
import { InvalidValueError } from '../src/config-error.ts';

test.each([
  ['20M', 20 * 1024 ** 2],
  ['20M/s', 20 * 1024 ** 2],
  ['20 MB / s', 20 * 1024 ** 2],
  ['1.5GiB/s', 1.5 * 1024 ** 3],
  ['512K', 512 * 1024],
  ['20m', 20 * 1024 ** 2],
])('%j is %d bytes per second', (text, rate) => {
  expect(parseByteRate(text)).toBe(rate);
});

test.each([20, '20', '0M', '', '20M/h', '20M/min', 'fast', ['20M'], undefined])('%j is refused', (input) => {
  expect(() => parseByteRate(input)).toThrow(InvalidValueError);
});

test.each(['20Mbit', '20Mbps', '20Mb', '20Mbit/s', '20Mib/s'])(
  '%j is refused, as bits are not bytes',
  (text) => {
    expect(() => parseByteRate(text)).toThrow('a byte, B, is eight bits');
  },
);

import { expect, test } from 'vitest';
import { formatNumber } from './format-number.ts';

test.each([
  { value: 0, text: '0' },
  { value: 0.012345, text: '0.0123' },
  { value: 1.2345, text: '1.23' },
  { value: 12.345, text: '12.3' },
  { value: 999.9, text: '1,000' },
  { value: 23456.7, text: '23,457' },
  { value: Number.NaN, text: '–' },
])('$value is written as $text', ({ value, text }) => {
  expect(formatNumber(value)).toBe(text);
});

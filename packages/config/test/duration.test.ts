import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InvalidValueError } from '../src/config-error.ts';
import { MAX_DURATION_MS, MAX_TIMER_MS, parseDuration } from '../src/duration.ts';

test.each([
  ['30m', 1_800_000],
  ['1h2m3s', 3_723_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['.5s', 500],
  ['1.s', 1000],
  [' 30m ', 1_800_000],
  ['500ms', 500],
  ['1.1h', 3_960_000],
  ['7d', 604_800_000],
  ['1d12h', 129_600_000],
  ['1500us', 2],
  ['1µs', 1],
  ['1ns', 1],
  ['5000000000ns', 5000],
  ['0', 0],
  ['0s', 0],
])('%j is %d ms', (text, expected) => {
  expect(parseDuration(text)).toBe(expected);
});

test.each([
  '',
  ' ',
  '30',
  '-1',
  '-1s',
  '1M',
  '1w',
  '1y',
  '30 m',
  '1h 2m',
  'm',
  '1e3s',
  '1h2',
  '5 minutes',
  '1H',
  'NaNs',
])('%j is refused', (text) => {
  expect(() => parseDuration(text)).toThrow(InvalidValueError);
});

test.each(['25d', '600h', '999999999999999h'])('%j is refused, as no timer can wait so long', (text) => {
  expect(() => parseDuration(text)).toThrow(/at most 24d/);
});

test('hours, minutes and seconds add up', () => {
  fc.assert(
    fc.property(fc.nat({ max: 500 }), fc.nat({ max: 5000 }), fc.nat({ max: 5000 }), (h, m, s) => {
      expect(parseDuration(`${h}h${m}m${s}s`)).toBe(((h * 60 + m) * 60 + s) * 1000);
    }),
  );
});

test('what is no timer may be longer', () => {
  expect(parseDuration('720h', MAX_DURATION_MS)).toBe(30 * 24 * 3_600_000);
  expect(() => parseDuration('999999999999999h', MAX_DURATION_MS)).toThrow(/at most 106751d/);
  fc.assert(
    fc.property(fc.nat({ max: 106_750 }), fc.nat({ max: 23 }), (d, h) => {
      expect(parseDuration(`${d}d${h}h`, MAX_DURATION_MS)).toBe((d * 24 + h) * 3_600_000);
    }),
  );
});

test('any text is refused or fits a timer', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0159.-nuµmshdM '.split('')) }), (text) => {
      try {
        const duration = parseDuration(text);
        expect(Number.isInteger(duration) && duration >= 0 && duration <= MAX_TIMER_MS).toBe(true);
      } catch (err) {
        expect(err).toBeInstanceOf(InvalidValueError);
      }
    }),
  );
});

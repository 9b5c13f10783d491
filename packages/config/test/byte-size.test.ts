import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseByteSize } from '../src/byte-size.ts';
import { InvalidValueError } from '../src/config-error.ts';

test.each([
  ['10G', 10 * 1024 ** 3],
  ['10GB', 10 * 1024 ** 3],
  ['10GiB', 10 * 1024 ** 3],
  ['10Gi', 10 * 1024 ** 3],
  ['10g', 10 * 1024 ** 3],
  ['10 G', 10 * 1024 ** 3],
  [' 10GB ', 10 * 1024 ** 3],
  ['50M', 50 * 1024 ** 2],
  ['1.5G', 1.5 * 1024 ** 3],
  ['0.5G', 0.5 * 1024 ** 3],
  ['.5K', 512],
  ['64k', 64 * 1024],
  ['100B', 100],
  ['0.9B', 0],
  ['2T', 2 * 1024 ** 4],
  ['1P', 1024 ** 5],
  ['1E', 1024 ** 6],
  ['1.5EiB', 1.5 * 1024 ** 6],
  ['1Z', 1024 ** 7],
  ['1YB', 1024 ** 8],
])('%j is %d bytes', (text, size) => {
  expect(parseByteSize(text)).toBe(size);
});

test.each([
  '',
  ' ',
  '10',
  '0',
  'G',
  '-5GB',
  '+5GB',
  '1e3G',
  '10 gigs',
  '10GG',
  '10BiB',
  '1,5G',
  '0x10G',
  '10G 5M',
  'abc',
])('%j is refused', (text) => {
  expect(() => parseByteSize(text)).toThrow(InvalidValueError);
});

test('every spelling of a unit is the same power of 1024', () => {
  const units = ['K', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9999 }),
      fc.nat({ max: 7 }),
      fc.constantFrom('', 'B', 'i', 'iB'),
      fc.constantFrom('', ' '),
      fc.boolean(),
      (amount, power, ending, space, lower) => {
        const text = `${amount}${space}${units[power]}${ending}`;
        expect(parseByteSize(lower ? text.toLowerCase() : text)).toBe(amount * 1024 ** (power + 1));
      },
    ),
  );
});

test('any text is a size or refused, never a negative or broken number', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0159.-+eKMGTPEZYBib '.split('')) }), (text) => {
      try {
        const size = parseByteSize(text);
        expect(Number.isFinite(size) && size >= 0).toBe(true);
      } catch (err) {
        expect(err).toBeInstanceOf(InvalidValueError);
      }
    }),
  );
});

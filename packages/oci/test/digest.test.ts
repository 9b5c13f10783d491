import { expect, test } from 'vitest';
import fc from 'fast-check';
import { digestAlgorithm, digestHex, findDigest, parseDigest } from '../src/digest.ts';
import { digestOf } from '../src/digest-of.ts';

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

test('a digest has an algorithm and its hex', () => {
  const digest = parseDigest(`sha256:${EMPTY_SHA256}`);
  expect(digestAlgorithm(digest)).toBe('sha256');
  expect(digestHex(digest)).toBe(EMPTY_SHA256);
});

test.each([
  ['no algorithm', EMPTY_SHA256],
  ['an unknown algorithm', `md5:${EMPTY_SHA256}`],
  ['hex in upper case', `sha256:${EMPTY_SHA256.toUpperCase()}`],
  ['hex that is too short', `sha256:${EMPTY_SHA256.slice(1)}`],
  ['hex of the other algorithm', `sha512:${EMPTY_SHA256}`],
  ['a line break behind it', `sha256:${EMPTY_SHA256}\n`],
  ['a path', `sha256:../../${EMPTY_SHA256.slice(6)}`],
])('%s is no digest', (_case, text) => {
  expect(findDigest(text)).toBeUndefined();
  expect(() => parseDigest(text)).toThrowError(/invalid digest/);
});

test('the digest of bytes is a digest, in both algorithms', () => {
  expect(digestOf(new Uint8Array())).toBe(`sha256:${EMPTY_SHA256}`);
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(findDigest(digestOf(bytes, 'sha512'))).toBe(digestOf(bytes, 'sha512'));
    }),
  );
});

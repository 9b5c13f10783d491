import { expect, test } from 'vitest';
import { parseImageLines } from '../../src/warm/image-file.ts';
import { ownPlatform } from '../../src/warm/own-platform.ts';

test('a file names one image on a line, with comments and blank lines between', () => {
  const lines = '# base\nquay.io/org/base:1\r\n\n  quay.io/org/app:1.0  # with what it needs\n';
  expect(parseImageLines(lines)).toEqual(['quay.io/org/base:1', 'quay.io/org/app:1.0']);
});

test.each([
  ['x64', 'linux/amd64'],
  ['arm64', 'linux/arm64'],
  ['s390x', 'linux/s390x'],
])('containers of %s are %s', (arch, platform) => {
  expect(ownPlatform(arch)).toBe(platform);
});

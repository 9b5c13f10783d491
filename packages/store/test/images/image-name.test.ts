import { findUpstreamName, parseDigest, type UpstreamName } from '@registry-cache/oci';
import { describe, expect, test } from 'vitest';
import { formatImageName, InvalidImageNameError, parseImageName } from '../../src/images/image-name.ts';

const DIGEST = parseDigest(`sha256:${'ab'.repeat(32)}`);

function upstream(text: string): UpstreamName {
  const name = findUpstreamName(text);
  if (name === undefined) throw new Error(`${text} is no upstream`);
  return name;
}

describe('a name that has an upstream', () => {
  test.each([
    ['quay.io/org/app:1.0', 'quay.io/org/app:1.0'],
    ['quay.io/org/app', 'quay.io/org/app:latest'],
    ['quay.io/app', 'quay.io/app:latest'],
    ['QUAY.io/org/app', 'quay.io/org/app:latest'],
    ['docker.io/alpine', 'docker.io/library/alpine:latest'],
    ['docker.io/alpine:3.20', 'docker.io/library/alpine:3.20'],
    ['docker.io/org/app', 'docker.io/org/app:latest'],
    ['localhost:5000/app:1', 'localhost:5000/app:1'],
    ['localhost/app', 'localhost/app:latest'],
    ['registry.example.com:5000/a/b/c:x', 'registry.example.com:5000/a/b/c:x'],
    [`quay.io/org/app@${DIGEST}`, `quay.io/org/app@${DIGEST}`],
    [`quay.io/org/app:1.0@${DIGEST}`, `quay.io/org/app@${DIGEST}`],
    ['mirror/org/app:1', 'mirror/org/app:1'],
  ])('%s is %s', (text, full) => {
    expect(formatImageName(parseImageName(text))).toBe(full);
    expect(formatImageName(parseImageName(full))).toBe(full);
  });

  test('keeps it where there is a default one', () => {
    expect(formatImageName(parseImageName('quay.io/org/app', upstream('docker.io')))).toBe(
      'quay.io/org/app:latest',
    );
  });
});

describe('a name without an upstream', () => {
  test.each([
    ['alpine', 'docker.io/library/alpine:latest'],
    ['alpine:3.20', 'docker.io/library/alpine:3.20'],
    ['org/app', 'docker.io/org/app:latest'],
    [`alpine@${DIGEST}`, `docker.io/library/alpine@${DIGEST}`],
  ])('%s is of the default one: %s', (text, full) => {
    expect(formatImageName(parseImageName(text, upstream('docker.io')))).toBe(full);
  });

  test('gets no library of another default one', () => {
    expect(formatImageName(parseImageName('app', upstream('quay.io')))).toBe('quay.io/app:latest');
  });

  test('is of the one that its first component names, though that has no dot', () => {
    const name = parseImageName('mirror/org/app', upstream('docker.io'), [upstream('mirror')]);
    expect(formatImageName(name)).toBe('mirror/org/app:latest');
  });
});

test.each([
  ['alpine', 'it names no upstream'],
  ['', 'it names no upstream'],
  ['quay.io', 'it names no upstream'],
  ['quay.io/', 'invalid repository name'],
  ['/app', 'it names no upstream'],
  ['quay.io/Org/app', 'invalid repository name'],
  ['quay.io/org/../app', 'invalid repository name'],
  ['quay.io/org/app:', 'invalid tag'],
  ['quay.io/org/app:a b', 'invalid tag'],
  ['quay.io/org/app@sha256:12', 'invalid digest'],
  ['quay.io/org/app@latest', 'invalid digest'],
  ['quay.io/org/app@', 'invalid digest'],
  ['https://quay.io/org/app', 'is no upstream'],
  ['qu_ay.io/app', 'is no upstream'],
])('%j is refused, and why', (text, problem) => {
  expect(() => parseImageName(text)).toThrowError(InvalidImageNameError);
  expect(() => parseImageName(text)).toThrowError(problem);
  expect(() => parseImageName(text)).toThrowError('expected one such as quay.io/org/app:1.0');
});

import { expect, test } from 'vitest';
import { parseReference } from '../src/reference.ts';
import { parseRepositoryName } from '../src/repository-name.ts';
import { findUpstreamName } from '../src/upstream-name.ts';

test.each(['a', 'library/alpine', 'a.b/c_d/e__f/g--h', 'org/v2/manifests'])(
  '%s is a repository name',
  (text) => {
    expect(parseRepositoryName(text)).toBe(text);
  },
);

test.each([
  '',
  '/',
  'a/',
  '/a',
  'a//b',
  'A',
  'a..b',
  '.',
  '..',
  '_layers',
  'a/_manifests',
  'a\n',
  'a'.repeat(256),
])('%j is no repository name', (text) => {
  expect(() => parseRepositoryName(text)).toThrowError(expect.objectContaining({ code: 'NAME_INVALID' }));
});

test('a repository name of many separators is judged without delay', () => {
  const hostile = `${'a-'.repeat(127)}!`;
  expect(() => parseRepositoryName(hostile)).toThrowError();
});

test.each([
  ['quay.io', 'quay.io'],
  ['Quay.IO', 'quay.io'],
  ['registry.example.com:5000', 'registry.example.com:5000'],
  ['localhost', 'localhost'],
  ['127.0.0.1:5000', '127.0.0.1:5000'],
])('%s names the upstream %s', (text, expected) => {
  expect(findUpstreamName(text)).toBe(expected);
});

test.each([
  '',
  'quay.io/org',
  '*.example.com',
  'a_b',
  '.',
  '..',
  'a..b',
  '-a',
  'quay.io:',
  'quay.io:0',
  'quay.io:70000',
])('%j names no upstream', (text) => {
  expect(findUpstreamName(text)).toBeUndefined();
});

test('a reference with a colon is a digest or nothing', () => {
  expect(parseReference('latest')).toEqual({ kind: 'tag', tag: 'latest' });
  expect(() => parseReference('sha256:zz')).toThrowError(expect.objectContaining({ code: 'DIGEST_INVALID' }));
});

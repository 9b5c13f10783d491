import { RegistryError } from '@registry-cache/oci';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRequestTarget, type RequestTarget } from '../src/request-target.ts';

describe('a target with more than one reading is refused', () => {
  test.each([
    ['absolute form', 'http://quay.io/v2/org/image/manifests/v1'],
    ['absolute form of another scheme', 'https://quay.io/v2/'],
    ['authority form', 'quay.io:443'],
    ['asterisk form', '*'],
    ['nothing', ''],
    ['no leading slash', 'v2/'],
    ['a parent segment', '/v2/quay.io/../docker.io/a/manifests/v1'],
    ['a dot segment', '/v2/./quay.io/a/manifests/v1'],
    ['a parent segment at the end', '/v2/quay.io/..'],
    ['an encoded dot', '/v2/%2e%2e/a/manifests/v1'],
    ['an encoded upper-case dot', '/v2/%2E%2E/a/manifests/v1'],
    ['an encoded slash', '/v2/quay.io%2fa/manifests/v1'],
    ['an encoded letter', '/v2/quay.io/%61/manifests/v1'],
    ['an encoded colon', '/v2/quay.io/a/blobs/sha256%3Aab'],
    ['a double encoding', '/v2/%252e%252e/a'],
    ['a backslash', '/v2\\quay.io/a'],
    ['an empty segment', '/v2//quay.io/a'],
    ['two leading slashes', '//quay.io/v2/a'],
    ['a space', '/v2/ a'],
    ['a NUL', '/v2/\0'],
    ['a line end', '/v2/a\r\nx: y'],
    ['a letter beyond ASCII', '/v2/\u00e4'],
    ['a fragment', '/v2/a#b'],
    ['a semicolon', '/v2/a;b'],
    ['a line end in the query', '/v2/?a=%0d%0ax'],
    ['a broken encoding in the query', '/v2/?a=%zz'],
    ['a backslash in the query', '/v2/?a=\\'],
    ['ns twice', '/v2/?ns=quay.io&ns=docker.io'],
    ['ns that is not UTF-8', '/v2/?ns=%ff'],
  ])('%s', (_name, target) => {
    expect(() => parseRequestTarget(target)).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }));
  });
});

test('path and query stay as the client wrote them', () => {
  expect(parseRequestTarget('/v2/a/referrers/sha256:ab?artifactType=application%2Fx%2Bjson')).toEqual({
    path: '/v2/a/referrers/sha256:ab',
    query: 'artifactType=application%2Fx%2Bjson',
  });
});

test('ns is taken out of the query and decoded', () => {
  expect(parseRequestTarget('/v2/?n=1&ns=host%3A5000&nsx=2')).toEqual({
    path: '/v2/',
    query: 'n=1&nsx=2',
    ns: 'host:5000',
  });
});

describe('whatever stands in a request line', () => {
  const pieces = fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    '%2e',
    '%2F',
    '\\',
    '?',
    '&',
    '=',
    'ns',
    'ns=',
    'v2',
    'quay.io',
    'a',
    ':',
    '%00',
    '%',
    '\0',
    '#',
    'é',
  );
  const targets = fc.oneof(
    fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
    fc.array(pieces, { maxLength: 12 }).map((parts) => `/v2/${parts.join('')}`),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.webUrl({ withQueryParameters: true }),
  );

  test('is refused, or is a path with one reading that every other parser shares', () => {
    fc.assert(
      fc.property(targets, (target) => {
        const parsed = attempt(target);
        if (parsed === undefined) return;
        const url = new URL(target, 'http://cache');
        expect(url.host).toBe('cache');
        expect(url.pathname).toBe(parsed.path);
        expect(decodeURIComponent(parsed.path)).toBe(parsed.path);
        expect(target.startsWith(parsed.path)).toBe(true);
      }),
    );
  });

  test('has its ns read as a URL parser reads it, and its other parameters left alone', () => {
    const names = fc.constantFrom('ns', 'n', 'last', 'nsx', 'xns');
    const values = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !/\p{Cc}/u.test(text));
    fc.assert(
      fc.property(fc.array(fc.tuple(names, values), { maxLength: 5 }), (fields) => {
        const query = fields.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
        const named = fields.filter(([name]) => name === 'ns');
        const parsed = attempt(`/v2/?${query}`);
        if (named.length > 1) {
          expect(parsed).toBeUndefined();
          return;
        }
        const others = new URLSearchParams(query);
        others.delete('ns');
        expect(parsed?.ns).toBe(named[0]?.[1]);
        expect(new URLSearchParams(parsed?.query).toString()).toBe(others.toString());
      }),
    );
  });

  /** Undefined where it is refused; any other failure is one. */
  function attempt(target: string): RequestTarget | undefined {
    try {
      return parseRequestTarget(target);
    } catch (err) {
      if (err instanceof RegistryError && err.code === 'NAME_INVALID') return undefined;
      throw err;
    }
  }
});

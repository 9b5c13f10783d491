import { expect, test } from 'vitest';
import fc from 'fast-check';
import { RegistryError } from '../src/registry-error.ts';
import { parseRegistryPath } from '../src/registry-path.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

test.each([
  ['/v2/', { kind: 'base' }],
  ['/v2', { kind: 'base' }],
  [
    '/v2/org/image/manifests/1.0',
    { kind: 'manifest', name: 'org/image', reference: { kind: 'tag', tag: '1.0' } },
  ],
  [
    `/v2/a/manifests/${DIGEST}`,
    { kind: 'manifest', name: 'a', reference: { kind: 'digest', digest: DIGEST } },
  ],
  [`/v2/a/b/c/blobs/${DIGEST}`, { kind: 'blob', name: 'a/b/c', digest: DIGEST }],
  ['/v2/org/image/tags/list', { kind: 'tags', name: 'org/image' }],
  [`/v2/org/image/referrers/${DIGEST}`, { kind: 'referrers', name: 'org/image', digest: DIGEST }],
  [
    '/v2/manifests/blobs/manifests/v2',
    { kind: 'manifest', name: 'manifests/blobs', reference: { kind: 'tag', tag: 'v2' } },
  ],
  ['/v2/tags/list/tags/list', { kind: 'tags', name: 'tags/list' }],
])('%s is understood', (path, expected) => {
  expect(parseRegistryPath(path)).toEqual(expected);
});

test.each([
  ['/v2/_catalog', 'NAME_UNKNOWN'],
  ['/v1/search', 'NAME_UNKNOWN'],
  ['/v2/Org/image/tags/list', 'NAME_INVALID'],
  ['/v2/org//image/tags/list', 'NAME_INVALID'],
  ['/v2/org/../image/tags/list', 'NAME_INVALID'],
  ['/v2/org/image/manifests/-x', 'TAG_INVALID'],
  ['/v2/org/image/manifests/sha256:short', 'DIGEST_INVALID'],
  ['/v2/org/image/blobs/latest', 'DIGEST_INVALID'],
])('%s is refused with %s', (path, code) => {
  expect(() => parseRegistryPath(path)).toThrowError(expect.objectContaining({ code }));
});

test('whatever the path, the answer is a request or a registry error', () => {
  const part = fc.constantFrom(
    'v2',
    'a',
    '..',
    '.',
    'manifests',
    'blobs',
    'tags',
    'list',
    'referrers',
    DIGEST,
    '%2e',
    'A',
    '',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(part, fc.string()), { maxLength: 8 }), (parts) => {
      try {
        const request = parseRegistryPath(`/${parts.join('/')}`);
        if (request.kind !== 'base') expect(request.name).not.toMatch(/\.\.|\/\/|^\/|\/$/);
      } catch (error) {
        expect(error).toBeInstanceOf(RegistryError);
      }
    }),
  );
});

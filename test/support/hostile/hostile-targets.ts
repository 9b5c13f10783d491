import fc, { type Arbitrary } from 'fast-check';

const DIGEST = `sha256:${'ab'.repeat(32)}`;

/** Methods, some of which are none. */
export const methods: Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('GET', 'HEAD') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'OPTIONS',
      'TRACE',
      'CONNECT',
      'PURGE',
      'PRI',
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom('get', 'G\0ET', '', ' GET', 'GET\t', 'GE T') },
  { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
);

const segments = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      'v2',
      'quay.io',
      'docker.io',
      'org',
      'image',
      'manifests',
      'blobs',
      'tags',
      'list',
    ),
  },
  { weight: 2, arbitrary: fc.constantFrom('referrers', 'uploads', '_catalog', 'v1', 'latest', DIGEST) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '..',
      '.',
      '%2e%2e',
      '%2E%2E%2f',
      '..%2f..',
      '%252e%252e',
      '..;',
      '\\..\\',
      '%c0%ae%c0%ae',
      '...',
      '%00',
      '\0',
      '%',
      '%zz',
      '',
      ' ',
      '\t',
      '#',
      '?',
      '*',
      '~root',
      '\u00e9',
      '\u202e',
      '\ud83d\udc33',
      '-',
      '_',
      'sha256:',
      'sha256:zz',
      'sha256:../../../../etc/passwd',
      `SHA256:${'AB'.repeat(32)}`,
      'md5:abc',
      'sha512:ab',
      'a'.repeat(300),
      'A',
      'a__b',
      'a..b',
      '-a',
      'etc',
      'passwd',
      'data',
      'quayXio',
      'quay.io:443',
      '[::1]',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
);

const queries = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '?ns=quay.io',
      '?ns=',
      '?ns',
      '?ns=quay.io&ns=docker.io',
      '?ns=..%2f..%2fetc',
      '?ns=%00',
      '?ns=%ff',
      '?ns=quay.io%0d%0aX:1',
      `?ns=${'a'.repeat(3000)}`,
      '?n=-1&last=%2e%2e',
      '?n=1e9',
      '?n=%',
      '?artifactType=*',
      '??',
      '?a#b',
      '?\\',
      '?%u0041',
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 30 }).map((text) => `?${text}`) },
);

const paths = fc
  .tuple(fc.array(segments, { maxLength: 8 }), queries)
  .map(([parts, query]) => `/${parts.join('/')}${query}`);

const wellFormedPaths = fc.constantFrom(
  '/v2/',
  '/quay.io/v2/',
  '/healthz',
  '/v2/quay.io/org/image/manifests/v1',
  '/v2/quay.io/org/image/tags/list',
  `/v2/quay.io/org/image/blobs/${DIGEST}`,
  `/quay.io/v2/org/image/referrers/${DIGEST}`,
);

/** What stands between the method and the version. */
export const targets: Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: paths },
  { weight: 8, arbitrary: wellFormedPaths },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '*',
      '',
      'quay.io:443',
      'http://quay.io/v2/',
      'https://[::1]:443/v2/',
      '//evil.example/v2/',
      'v2/',
      'file:///etc',
      'http://quay.io@evil.example/v2/',
      'http:///v2/',
      `/${'a/'.repeat(5000)}`,
      `/v2/?${'b'.repeat(20_000)}`,
    ),
  },
);

import { expect, test } from 'vitest';
import { findChallenge, type Challenge } from '../../../src/check/connect/challenge.ts';

const BEARER = { kind: 'bearer', realm: 'https://auth.example.com/token', service: 'registry' } as const;

test.each<[string, string, Challenge | undefined]>([
  ['a token', 'Bearer realm="https://auth.example.com/token",service="registry"', BEARER],
  ['any case', 'bearer Realm="https://auth.example.com/token", SERVICE="registry"', BEARER],
  ['no quotation marks', 'Bearer realm=https://auth.example.com/token,service=registry', BEARER],
  ['both, the token last', `Basic realm="x", Bearer realm="${BEARER.realm}",service="registry"`, BEARER],
  ['a scope', `Bearer realm="${BEARER.realm}",service="registry",scope="repository:a/b:pull"`, BEARER],
  ['no service', `Bearer realm="${BEARER.realm}"`, { ...BEARER, service: undefined }],
  ['a password', String.raw`Basic realm="a \"b\", c"`, { kind: 'basic', realm: 'a "b", c' }],
  ['a password for nothing in particular', 'Basic', { kind: 'basic', realm: undefined }],
  ['a token of nowhere', 'Bearer service="registry"', undefined],
  ['something else', 'Negotiate', undefined],
  ['nothing', '', undefined],
])('a challenge of %s', (_name, header, expected) => {
  expect(findChallenge({ 'www-authenticate': header })).toEqual(expected);
});

import { describe, expect, test } from 'vitest';
import {
  findLoginFor,
  parseClientCredential,
  type ClientCredential,
} from '../../src/origin-auth/client-credential.ts';
import { basic, originUpstream } from '../support/origin.ts';
import { upstream } from '../support/proxy.ts';

const QUAY = originUpstream('quay.io', '/quay');
const PORT = originUpstream('registry.example.com:5000', '/port');
const DOCKER = upstream('docker.io', '/docker');

describe('the user name says whose password it is, where it begins with the name of an upstream', () => {
  test.each([
    ['alice', undefined, 'alice'],
    ['quay.io/alice', 'quay.io', 'alice'],
    ['quay.io/org+robot', 'quay.io', 'org+robot'],
    ['quay.io/a/b', 'quay.io', 'a/b'],
    ['docker.io/alice', 'docker.io', 'alice'],
    ['quay.io', undefined, 'quay.io'],
    ['registry.example.com:5000/alice', 'registry.example.com:5000', 'alice'],
    ['registry.example.com:5000/alice', 'registry.example.com:5000', 'alice'],
    ['QUAY.io/alice', undefined, 'QUAY.io/alice'],
    ['ghcr.io/alice', undefined, 'ghcr.io/alice'],
    ['evil/quay.io/alice', undefined, 'evil/quay.io/alice'],
    ['', undefined, ''],
  ])('%j', (user, owner, name) => {
    expect(credentialOf(basic(user, 'p:ä/ss'))).toEqual({
      kind: 'login',
      login: {
        user: name,
        authorization: basic(name, 'p:ä/ss'),
        ...(owner === undefined ? {} : { upstream: owner }),
      },
    });
  });
});

test('a password goes to its own upstream, and to none that does not ask for logins', () => {
  const credential = credentialOf(basic('quay.io/alice', 'x'));
  const login = credential.kind === 'login' ? credential.login : undefined;
  expect(findLoginFor(login, QUAY)).toEqual({ user: 'alice', authorization: basic('alice', 'x') });
  expect(findLoginFor(login, PORT)).toBeUndefined();
  expect(findLoginFor(login, { ...QUAY, authorization: 'cache' })).toBeUndefined();
});

test('the bytes of a password that is no UTF-8 stay as they are', () => {
  const bytes = (text: string): string => `Basic ${Buffer.from(text, 'latin1').toString('base64')}`;
  expect(credentialOf(bytes('quay.io/alice:\u00ff\u00fe'))).toMatchObject({
    login: { authorization: bytes('alice:\u00ff\u00fe') },
  });
});

test.each([
  ['Bearer a.b-c_d~e+f/g=', 'a.b-c_d~e+f/g='],
  ['bearer   x  ', 'x'],
])('%j is a token', (authorization, token) => {
  expect(credentialOf(authorization)).toEqual({ kind: 'bearer', token });
});

test('no header is no credential', () => {
  expect(parseClientCredential({ headersDistinct: {} }, [])).toEqual({ kind: 'none' });
});

test.each([
  ['Basic'],
  ['Basic !!!!'],
  ['Basic YWxpY2U='],
  ['Bearer'],
  ['Bearer a b'],
  ['Bearer a"b'],
  ['Digest username="x"'],
  ['Negotiate abc'],
  [''],
])('%j is refused', (authorization) => {
  expect(() => credentialOf(authorization)).toThrow(expect.objectContaining({ code: 'UNAUTHORIZED' }));
});

test('a login that no token could hold is refused', () => {
  expect(credentialOf(basic('alice', 'x'.repeat(6000)))).toMatchObject({ kind: 'login' });
  expect(() => credentialOf(basic('alice', 'x'.repeat(7000)))).toThrow(/too long: expected at most 8192/);
});

test('of a long user name, its beginning is told, in whole characters', () => {
  const user = `${'x'.repeat(255)}\u{1f512}${'y'.repeat(100)}`;
  expect(credentialOf(basic(user, 'p'))).toEqual({
    kind: 'login',
    login: { user: 'x'.repeat(255), authorization: basic(user, 'p') },
  });
});

test('two headers are refused, whichever may be the right one', () => {
  const headersDistinct = { authorization: [basic('alice', 'x'), basic('alice', 'x')] };
  expect(() => parseClientCredential({ headersDistinct }, [QUAY])).toThrow('expected one Authorization');
});

function credentialOf(authorization: string): ClientCredential {
  return parseClientCredential({ headersDistinct: { authorization: [authorization] } }, [QUAY, PORT, DOCKER]);
}

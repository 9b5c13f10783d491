import { describe, expect, it } from 'vitest';
import { parseRealm } from '../../src/upstream/realm-rule.ts';
import { upstreamErrorOf } from './support/registry-of.ts';

describe('parseRealm', () => {
  const registry = new URL('https://quay.io');

  it.each([
    '/token',
    '',
    'quay.io/token',
    'ftp://quay.io/token',
    'https://',
    'https://user:secret@quay.io/token',
  ])('refuses %j as malformed, without repeating a secret', async (realm) => {
    const error = await upstreamErrorOf((async () => parseRealm(realm, registry))());
    expect(error.code).toBe('invalid');
    expect(error.message).toContain('quay.io');
    expect(error.message).not.toContain('secret');
  });

  it('refuses a realm without TLS for a registry with TLS', async () => {
    const error = await upstreamErrorOf((async () => parseRealm('http://quay.io/token', registry))());
    expect(error).toMatchObject({ code: 'denied' });
  });

  it('keeps the realm’s own query', () => {
    expect(parseRealm('https://quay.io/token?account=a', registry).search).toBe('?account=a');
  });
});

import { describe, expect, it } from 'vitest';
import { parseToken, type Token } from '../../src/upstream/token-answer.ts';
import { upstreamErrorOf } from './support/registry-of.ts';

function parsed(body: unknown, date?: string): Token {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return parseToken(Buffer.from(text), { subject: 'the token answer', askedAtMs: 0, date });
}

describe('parseToken', () => {
  it.each([
    ['token', { token: 't' }, 't'],
    ['access_token', { access_token: 'a' }, 'a'],
    ['token before access_token', { token: 't', access_token: 'a' }, 't'],
    ['access_token beside an empty token', { token: '', access_token: 'a' }, 'a'],
  ])('takes %s', (_, body, value) => {
    expect(parsed(body).value).toBe(value);
  });

  it.each([
    ['no expires_in', {}, 54_000],
    ['expires_in', { expires_in: 300 }, 290_000],
    ['a short expires_in', { expires_in: 10 }, 9_000],
    ['a negative expires_in', { expires_in: -1 }, 54_000],
    ['a text as expires_in', { expires_in: '300' }, 54_000],
    ['a day and more', { expires_in: 1e12 }, 86_390_000],
    ['a token that was issued earlier', { expires_in: 300, issued_at: '2026-01-01T00:00:00Z' }, 230_000],
    ['a token from the future', { expires_in: 300, issued_at: '2027-01-01T00:00:00Z' }, 290_000],
    ['a malformed issued_at', { expires_in: 300, issued_at: 'yesterday' }, 290_000],
  ])('%s: no longer used after so many ms', (_, fields, expiresAtMs) => {
    expect(parsed({ token: 't', ...fields }, 'Thu, 01 Jan 2026 00:01:00 GMT').expiresAtMs).toBe(expiresAtMs);
  });

  it.each([
    '',
    'null',
    '[]',
    '"t"',
    '{}',
    '{"token":1}',
    '{"token":"a b"}',
    '{"token":"a\\r\\nx: y"}',
    '{"token":"s3cret',
  ])('%s is invalid, and not repeated', async (body) => {
    const error = await upstreamErrorOf((async () => parsed(body))());
    expect(error.code).toBe('invalid');
    expect(`${error.message} ${String(error.cause)}`).not.toContain('s3cret');
  });
});

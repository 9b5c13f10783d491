import { expect, test } from 'vitest';
import { createFormTokens } from '../../src/dashboard/form-token.ts';
import { startDashboard } from './support/start-dashboard.ts';

const FIELDS = { pattern: 'quay.io/**' };

test.each([
  ['no token', {}],
  ['an empty token', { token: '' }],
  ['a token that is none', { token: 'x'.repeat(43) }],
])('a form with %s changes nothing', async (_name, token) => {
  const { cache, post } = await startDashboard();
  const answer = await post('/dashboard/pin', { ...FIELDS, ...token });
  expect(answer.status).toBe(403);
  expect(answer.text).toContain('load its page again');
  expect(cache.kept).toEqual([]);
});

test.each([
  ['by its origin', { origin: 'https://evil.example' }],
  ['without a name', { origin: 'null' }],
  ['as its browser says', { 'sec-fetch-site': 'cross-site' }],
  ['of the same site', { 'sec-fetch-site': 'same-site' }],
])('a form of another page, %s, changes nothing even with a token', async (_name, headers) => {
  const { cache, get, post } = await startDashboard();
  const [, token = ''] = /name="token" value="([^"]+)"/.exec((await get('/dashboard/pins')).text) ?? [];
  expect((await post('/dashboard/pin', { ...FIELDS, token }, headers)).status).toBe(403);
  expect(cache.kept).toEqual([]);
});

test('who may only look is refused, whatever they send', async () => {
  const { cache, post } = await startDashboard({ user: 'bob', onlyLooks: 'only admins' });
  expect((await post('/dashboard/pin', FIELDS)).status).toBe(403);
  expect(cache.kept).toEqual([]);
});

test('a token is of one user and one process', () => {
  const tokens = createFormTokens();
  const amy = { user: 'amy', onlyLooks: undefined };
  const bob = { user: 'bob', onlyLooks: undefined };
  const nobody = { user: undefined, onlyLooks: undefined };
  const token = tokens.create(amy);
  expect(tokens.isOf(amy, token)).toBe(true);
  expect(tokens.isOf(bob, token)).toBe(false);
  expect(tokens.isOf(nobody, token)).toBe(false);
  expect(createFormTokens().isOf(amy, token)).toBe(false);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSealedTokens, type SealedTokens } from '../../src/origin-auth/sealed-tokens.ts';

const PASSWORD = 'Basic YWxpY2U6cmlnaHQ=';
const GRANT = { upstream: 'quay.io', repositories: ['org/image'], authorization: PASSWORD, user: 'alice' };

test('a token opens to just what was sealed, for every process with the same secret', async () => {
  const { token, expiresInSeconds } = await tokensOf('secret').seal(GRANT);
  expect(expiresInSeconds).toBe(300);
  for (const tokens of [tokensOf('secret'), tokensOf('secret')]) {
    expect(await tokens.open(token)).toEqual({ kind: 'grant', grant: GRANT });
    expect(await tokens.open(token)).toEqual({ kind: 'grant', grant: GRANT });
  }
});

test('an anonymous client’s token holds no login', async () => {
  const tokens = tokensOf('secret');
  const { token } = await tokens.seal({ repositories: [] });
  expect(await tokens.open(token)).toEqual({ kind: 'grant', grant: { repositories: [] } });
});

test('a token sealed by another secret is not unsealed', async () => {
  const { token } = await tokensOf('another').seal(GRANT);
  expect(await tokensOf('secret').open(token)).toEqual({ kind: 'expired' });
});

test('nothing of a password can be read in a token', async () => {
  const { token } = await tokensOf('secret').seal(GRANT);
  const parts = token.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
  expect(parts).toHaveLength(5);
  for (const part of parts) expect(part).not.toMatch(/YWxp|alice|quay|image/);
});

test('a token that was changed in any place is not opened, whether it was opened before or not', async () => {
  const tokens = tokensOf('secret');
  const { token } = await tokens.seal(GRANT);
  await tokens.open(token);
  await fc.assert(
    fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom('A', 'z', '.', '-'), async (at, letter) => {
      const changed = token.slice(0, at) + letter + token.slice(at + 1);
      // The last letter of a part has bits that mean nothing.
      fc.pre(!sameBytes(changed, token));
      // Where the first part was changed, nothing says any more whose it is.
      expect((await tokens.open(changed)).kind).toMatch(/^(?:foreign|expired)$/);
    }),
  );
});

test('anything else is somebody else’s token', async () => {
  const tokens = tokensOf('secret');
  for (const token of ['x', 'a.b.c', 'eyJhbGciOiJub25lIn0.e30.', '....', 'eyJhbGciOiJkaXIifQ..a.b.c', '']) {
    expect(await tokens.open(token)).toEqual({ kind: 'foreign' });
  }
});

test('a token ends after five minutes, also one that was opened a moment before', async () => {
  let now = 1_000_000;
  const tokens = createSealedTokens({ secret: 'secret', now: () => now });
  const { token } = await tokens.seal(GRANT);
  now += 299_000;
  expect(await tokens.open(token)).toMatchObject({ kind: 'grant' });
  now += 1000;
  expect(await tokens.open(token)).toEqual({ kind: 'expired' });
  const others = createSealedTokens({ secret: 'secret', now: () => now });
  expect(await others.open(token)).toEqual({ kind: 'expired' });
});

test('tokens of two users never mix, in whatever order and however often they are opened', async () => {
  const tokens = tokensOf('secret');
  const users = Array.from({ length: 20 }, (_, index) => `user${index}`);
  const sealed = await Promise.all(
    users.map(async (user) => ({ user, token: (await tokens.seal({ ...GRANT, user })).token })),
  );
  const all = [...sealed, ...sealed.toReversed(), ...sealed];
  const opened = await Promise.all(all.map(({ token }) => tokens.open(token)));
  expect(opened.map((answer) => (answer.kind === 'grant' ? answer.grant.user : answer.kind))).toEqual(
    all.map(({ user }) => user),
  );
});

function tokensOf(secret: string): SealedTokens {
  return createSealedTokens({ secret, now: () => 1_000_000 });
}

function sameBytes(one: string, another: string): boolean {
  const bytes = (token: string): string[] =>
    token.split('.').map((part) => Buffer.from(part, 'base64url').toString('hex'));
  return bytes(one).join('.') === bytes(another).join('.');
}

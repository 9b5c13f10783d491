import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findBasicCredentials } from '../../src/auth/basic-credentials.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 30 });

test('any user and password come through, with every colon of the password', () => {
  const users = text.filter((user) => !user.includes(':'));
  fc.assert(
    fc.property(users, text, (user, password) => {
      const encoded = Buffer.from(`${user}:${password}`, 'utf8').toString('base64');
      for (const scheme of ['Basic', 'basic', 'BASIC ']) {
        expect(findBasicCredentials(`${scheme} ${encoded}`)).toEqual({ user, password });
      }
    }),
  );
});

test('any other header is no login, and no failure', () => {
  const values = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ maxLength: 60 }).map((value) => `Basic ${value}`),
    fc.base64String({ maxLength: 60 }).map((value) => `Bearer ${value}`),
  );
  fc.assert(
    fc.property(values, (value) => {
      const credentials = findBasicCredentials(value);
      if (credentials === undefined) return;
      expect(value).toMatch(/^basic +[A-Za-z0-9+/]+=* *$/i);
      expect(credentials.user).not.toContain(':');
    }),
  );
});

test('a long header takes no long time', () => {
  const spaces = ' '.repeat(100_000);
  expect(findBasicCredentials(`Basic ${spaces}!`)).toBeUndefined();
  expect(findBasicCredentials(`Basic ${'a'.repeat(100_000)}${spaces}!`)).toBeUndefined();
});

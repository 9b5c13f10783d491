import { expect, test } from 'vitest';
import { parseHtpasswd } from '../src/htpasswd.ts';
import { problemsOf } from './support/problems.ts';

const HASH = `$2y$05$${'a'.repeat(53)}`;
const OTHER = `$2b$12$${'b'.repeat(53)}`;

test('users, comments, blank lines and Windows line ends', () => {
  expect(parseHtpasswd(`# who may pull\r\n\r\nalice:${HASH}\r\nbob:${OTHER}\r\n`, 'htpasswd')).toEqual({
    alice: HASH,
    bob: OTHER,
  });
});

test('the last line of a user counts', () => {
  expect(parseHtpasswd(`alice:${HASH}\nalice:${OTHER}\n`, 'htpasswd')).toEqual({ alice: OTHER });
});

test('a user may have the name of a built-in property', () => {
  const users = parseHtpasswd(`__proto__:${HASH}\n`, 'htpasswd');
  expect(Object.keys(users)).toEqual(['__proto__']);
});

test.each([
  ['MD5', 'alice:$apr1$ZjTqBB3f$IF9gdYAGlMrs2fuINjHsz.'],
  ['SHA-1', 'alice:{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk='],
  ['crypt', 'alice:rqXexS6ZhobKA'],
  ['plain text', 'alice:hunter2'],
  ['a bcrypt hash cut short', `alice:${HASH.slice(0, -1)}`],
])('%s is refused with what to do instead, and not shown', (_, line) => {
  const error = problemsOf(() => parseHtpasswd(`bob:${OTHER}\n${line}\n`, 'htpasswd'));
  expect(error.problems).toEqual([{ key: 'htpasswd:2', message: expect.stringContaining('htpasswd -B') }]);
  expect(error.message).not.toContain(line.slice('alice:'.length));
});

test('every wrong line is reported', () => {
  const error = problemsOf(() => parseHtpasswd('hunter2\nalice:hunter2\n:x\n', 'htpasswd'));
  expect(error.problems.map(({ key }) => key)).toEqual(['htpasswd:1', 'htpasswd:2', 'htpasswd:3']);
  expect(error.message).not.toContain('hunter2');
});

test('a file without users is refused, as nobody could log in', () => {
  expect(problemsOf(() => parseHtpasswd('# nobody\n', 'htpasswd')).message).toContain('at least one user');
});

import { digestOf } from '@registry-cache/oci';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readableLine } from '../../src/access-log/readable-line.ts';
import type { Pull } from '../../src/pull.ts';
import { pullOf, type EventDetails } from '../support/access-events.ts';

const digest = digestOf(Buffer.from('a manifest'));
const AT_MS = Date.parse('2026-11-21T09:00:00Z');

function lineOf(details: Partial<EventDetails> = {}): string {
  return readableLine(pullOf({ digest, atMs: AT_MS, ...details }));
}

test('one line says when, who, what, how it went, how much, how long, and with what', () => {
  expect(lineOf({ tag: '1.0', cache: { outcome: 'miss', durationMs: 340, upstreamMs: 312 } })).toBe(
    '2026-11-21T09:00:00.000Z node-7@192.0.2.1 GET quay.io/org/image:1.0 miss 200 1000B 340ms 312ms cri-o/1.30',
  );
});

test('what is not known is a dash, so that every column stays in its place', () => {
  const bare: Pull = {
    kind: 'blob',
    digest,
    repository: 'hello-world',
    tag: undefined,
    accessedAtMs: AT_MS,
    method: undefined,
    client: undefined,
    user: undefined,
    userAgent: undefined,
    requestId: undefined,
    answer: undefined,
  };
  expect(readableLine(bare)).toBe(
    `2026-11-21T09:00:00.000Z -@- - hello-world@${digest.slice(0, 19)} - - - - - -`,
  );
});

test.each([
  ['an image by digest has twelve digits of it', {}, `quay.io/org/image@${digest.slice(0, 19)} `],
  ['an IPv6 client is without port and brackets', { client: '[2001:db8::1]:1234' }, '@2001:db8::1 '],
  ['of the user agent the first word is enough', { userAgent: 'containers/5 (github.com)' }, ' containers/5'],
  ['an answer that ended short says so', { cache: { aborted: true } }, ' aborted'],
  ['many requests in one line say how many', { cache: { times: 7 } }, ' times=7'],
  ['large sizes are rounded', { cache: { bytesSent: 1_288_490_189 } }, ' 1.2GiB '],
  ['seconds have a decimal', { cache: { durationMs: 1_240 } }, ' 1.2s '],
  ['minutes have seconds', { cache: { durationMs: 125_000 } }, ' 2m05s '],
])('%s', (_, details, part) => {
  expect(lineOf(details)).toContain(part);
});

test('a client that writes ends of lines, escape sequences or columns of its own gets them written out', () => {
  const line = lineOf({ user: 'a b\r\n2026 forged', userAgent: '\u001b[31mred\u009b\u202e\\u{a}' });
  expect(line).toContain(' a\\u{20}b\\u{d}\\u{a}2026\\u{20}forged@192.0.2.1 ');
  expect(line).toContain(' \\u{1b}[31mred\\u{9b}\\u{202e}\\u{5c}u{a}');
});

test('whatever a client writes, the line is one line of ten columns that a terminal shows as it is', () => {
  const text = fc.string({ unit: 'binary', minLength: 1 });
  fc.assert(
    fc.property(text, text, text, (user, userAgent, outcome) => {
      const line = lineOf({ user, userAgent, cache: { outcome } });
      expect(line.split(' ')).toHaveLength(10);
      expect(line).not.toMatch(/[\p{C}\u2028\u2029]/u);
    }),
  );
});

import type { AccessLogSettings } from '@registry-cache/config';
import { digestOf } from '@registry-cache/oci';
import { expect, test } from 'vitest';
import { createLogLines, type LogLine } from '../../../cleaner/test/support/log-lines.ts';
import { logPull } from '../../src/access-log/log-pull.ts';
import { pullOf, type EventDetails } from '../support/access-events.ts';

const digest = digestOf(Buffer.from('a manifest'));
const BLOB = 'application/octet-stream';

function lineOf(
  details: Partial<EventDetails>,
  access: Partial<AccessLogSettings> = {},
): LogLine | undefined {
  const { log, lines } = createLogLines();
  logPull(log, pullOf({ digest, ...details }), { format: 'json', blobs: false, ...access });
  return lines[0];
}

test('an image that a client pulled is one line at info that says who, what and how', () => {
  expect(lineOf({ tag: 'latest' })).toMatchObject({
    level: 'info',
    msg: 'pull',
    image: 'quay.io/org/image:latest',
    digest,
    method: 'GET',
    client: '192.0.2.1:1234',
    user: 'node-7',
    outcome: 'hit',
    status: 200,
    bytes: 1_000,
    durationMs: 3,
    requestId: 'request-1',
  });
});

test('an image pulled by digest is named by its digest', () => {
  expect(lineOf({})).toMatchObject({ image: `quay.io/org/image@${digest}` });
});

test.each([
  ["a manifest's HEAD is debug", { method: 'HEAD' }, 'debug'],
  ['a blob is debug', { mediaType: BLOB }, 'debug'],
  ['a blob that ended short is info', { mediaType: BLOB, cache: { aborted: true } }, 'info'],
  ['a blob that was refused is info', { mediaType: BLOB, cache: { status: 502 } }, 'info'],
  [
    "a blob's range that was closed early is debug",
    { mediaType: BLOB, cache: { status: 206, aborted: true } },
    'debug',
  ],
  ["a manifest's HEAD that failed is info", { method: 'HEAD', cache: { status: 404 } }, 'info'],
] as const)('%s', (_, details, level) => {
  expect(lineOf(details)?.['level']).toBe(level);
});

test('how long it took until the upstream had begun to answer is there where it was asked', () => {
  expect(lineOf({ cache: { upstreamMs: 312 } })).toMatchObject({ upstreamMs: 312 });
  expect(lineOf({})).not.toHaveProperty('upstreamMs');
});

test('with blobs each blob is info, and whether an image is still the same stays debug', () => {
  expect(lineOf({ mediaType: BLOB }, { blobs: true })).toMatchObject({ level: 'info', msg: 'blob pull' });
  expect(lineOf({ method: 'HEAD' }, { blobs: true })).toMatchObject({ level: 'debug' });
});

test('as text a line carries its readable form beside its fields', () => {
  expect(lineOf({ tag: 'latest' }, { format: 'text' })).toMatchObject({
    image: 'quay.io/org/image:latest',
    accessLine: expect.stringContaining(' node-7@192.0.2.1 GET quay.io/org/image:latest hit 200 '),
  });
  expect(lineOf({ tag: 'latest' })).not.toHaveProperty('accessLine');
});

import { digestOf } from '@registry-cache/oci';
import { expect, test } from 'vitest';
import { createLogLines, type LogLine } from '../../cleaner/test/support/log-lines.ts';
import { logPull } from '../src/log-pull.ts';
import { parsePulls } from '../src/parse-pulls.ts';
import { accessEvent, type EventDetails } from './support/access-events.ts';

const digest = digestOf(Buffer.from('a manifest'));
const BLOB = 'application/octet-stream';

function lineOf(details: Partial<EventDetails>): LogLine | undefined {
  const { log, lines } = createLogLines();
  const body = JSON.stringify({ events: [accessEvent({ digest, ...details })] });
  for (const pull of parsePulls(body, Date.now())) logPull(log, pull);
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

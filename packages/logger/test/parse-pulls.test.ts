import { digestOf, DOCKER_MANIFEST, OCI_INDEX } from '@registry-cache/oci';
import { describe, expect, test } from 'vitest';
import { InvalidEventsError, parseEnvelope } from '../src/parse-envelope.ts';
import { parsePulls } from '../src/parse-pulls.ts';
import { accessEvent } from './support/access-events.ts';

const NOW_MS = Date.parse('2026-05-01T12:00:00Z');
const digest = digestOf(Buffer.from('a manifest'));

function parse(...events: readonly unknown[]): ReturnType<typeof parsePulls> {
  return parsePulls(parseEnvelope(JSON.stringify({ events })), NOW_MS);
}

test("the proxy's event of a manifest", () => {
  const atMs = NOW_MS - 1_234;

  expect(parse(accessEvent({ digest, atMs, tag: 'latest' }))).toEqual([
    {
      kind: 'manifest',
      digest,
      repository: 'quay.io/org/image',
      tag: 'latest',
      accessedAtMs: atMs,
      method: 'GET',
      client: '192.0.2.1:1234',
      user: 'node-7',
      userAgent: 'cri-o/1.30',
      requestId: 'request-1',
      answer: { outcome: 'hit', status: 200, bytesSent: 1_000, durationMs: 3, aborted: false },
    },
  ]);
});

// As distribution 3.0 sends it.
const plainRegistryPull = {
  id: '320678d8-ca14-430f-8bb6-4ca139cd83f7',
  timestamp: '2026-05-01T11:59:58.123456789Z',
  action: 'pull',
  target: {
    mediaType: DOCKER_MANIFEST,
    digest,
    size: 708,
    length: 708,
    repository: 'hello-world',
    url: `http://192.168.100.227:5000/v2/hello-world/manifests/${digest}`,
    tag: 'latest',
  },
  request: {
    id: '6df24a34-0959-4923-81ca-14f09767db19',
    addr: '192.168.64.11:42961',
    host: '192.168.100.227:5000',
    method: 'GET',
    useragent: 'curl/7.38.0',
  },
  actor: {},
  source: { addr: 'xtal.local:5000', instanceID: 'a53db899-3b4b-4a62-a067-8dd013beaca4' },
};

test("a plain registry's event, with fields that are its own and times to the nanosecond", () => {
  expect(parse(plainRegistryPull)).toMatchObject([
    {
      kind: 'manifest',
      repository: 'hello-world',
      tag: 'latest',
      accessedAtMs: Date.parse('2026-05-01T11:59:58.123Z'),
      user: undefined,
      answer: undefined,
    },
  ]);
});

test('only pulls count', () => {
  const others = ['push', 'mount', 'delete', 'evict', 'fill-failed'].map((action) => ({
    ...plainRegistryPull,
    action,
    target: {},
  }));

  expect(parse(...others, plainRegistryPull)).toHaveLength(1);
});

test.each([
  ['an octet stream is a blob', { mediaType: 'application/octet-stream' }, 'blob'],
  ['a layer is a blob', { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' }, 'blob'],
  ['an index is a manifest', { mediaType: OCI_INDEX }, 'manifest'],
  ['a media type with parameters is understood', { mediaType: `${OCI_INDEX}; charset=utf-8` }, 'manifest'],
  ['what has a tag is a manifest', { mediaType: 'application/vnd.example+json', tag: 'v1' }, 'manifest'],
])('%s', (_, details, kind) => {
  expect(parse(accessEvent({ digest, ...details }))).toMatchObject([{ kind }]);
});

test('a time in the future is taken for now', () => {
  expect(parse(accessEvent({ digest, atMs: NOW_MS + 86_400_000 }))).toMatchObject([{ accessedAtMs: NOW_MS }]);
});

test('a digest that no blob of ours can have is passed over', () => {
  const event = accessEvent({ digest });
  const foreign = { ...event, target: { ...event.target, digest: `sha384:${'0'.repeat(96)}` } };

  expect(parse(foreign, event)).toHaveLength(1);
});

describe('what is no envelope is refused, with the field that is wrong', () => {
  test.each([
    ['not JSON', '{"events":', 'not JSON'],
    ['no events', '{}', 'events'],
    ['events that are no list', '{"events":{}}', 'events'],
    ['an event without an action', '{"events":[{}]}', 'events.0.action'],
    [
      'a pull without a target',
      '{"events":[{"action":"pull","timestamp":"2026-05-01T12:00:00Z"}]}',
      'target',
    ],
    [
      'a pull at no time',
      JSON.stringify({ events: [{ ...plainRegistryPull, timestamp: 'noon' }] }),
      'timestamp',
    ],
  ])('%s', (_, body, message) => {
    expect(() => parsePulls(parseEnvelope(body), NOW_MS)).toThrow(InvalidEventsError);
    expect(() => parsePulls(parseEnvelope(body), NOW_MS)).toThrow(message);
  });
});

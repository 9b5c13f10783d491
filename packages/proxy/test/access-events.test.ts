import { digestOf } from '@registry-cache/oci';
import { randomBytes } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { fetchAnswer, openAnswer } from './support/client.ts';
import { startTestProxy } from './support/proxy.ts';
import { storeBlob } from './support/stored-blob.ts';
import { startWorker } from './support/worker.ts';

const DIGEST = digestOf(Buffer.from('manifest'));
const MANIFEST = {
  'content-type': 'application/vnd.oci.image.manifest.v1+json',
  'docker-content-digest': DIGEST,
  'cache-status': 'registry-cache; fwd=miss; stored',
};

test('a manifest pulled by tag is an event with everything the logger needs', async () => {
  const { proxy, port, socketPath, events } = await startTestProxy(
    { auth: { realm: 'cache', users: { amy: 'hash' } } },
    { verify: async () => true },
  );
  await startWorker(socketPath, (_request, response) => {
    response.writeHead(200, { ...MANIFEST, 'content-length': '8' }).end('manifest');
  });
  await fetchAnswer(port, '/v2/alpine/manifests/3.20', {
    headers: { authorization: `Basic ${btoa('amy:x')}`, 'user-agent': 'podman/5' },
  });
  await proxy.close();
  expect(events).toEqual([
    {
      id: expect.any(String),
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      action: 'pull',
      target: {
        mediaType: MANIFEST['content-type'],
        size: 8,
        digest: DIGEST,
        repository: 'docker.io/library/alpine',
        tag: '3.20',
      },
      request: {
        id: expect.any(String),
        addr: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        host: `localhost:${port}`,
        method: 'GET',
        useragent: 'podman/5',
      },
      actor: { name: 'amy' },
      source: { addr: `127.0.0.1:${port}` },
      cache: { outcome: 'miss', status: 200, bytesSent: 8, durationMs: expect.any(Number), aborted: false },
    },
  ]);
});

test('what a client says of itself is cut short: a hundred events must fit into what the logger takes', async () => {
  const { proxy, port, socketPath, events } = await startTestProxy();
  await startWorker(socketPath, (_request, response) => {
    response.writeHead(200, { ...MANIFEST, 'content-length': '8' }).end('manifest');
  });
  const headers = { 'user-agent': 'u'.repeat(8000), host: 'h'.repeat(7000) };
  await fetchAnswer(port, '/v2/alpine/manifests/3.20', { headers });
  await proxy.close();
  expect(events).toMatchObject([{ request: { useragent: 'u'.repeat(512), host: 'h'.repeat(512) } }]);
});

describe('what was sent of a stored blob', () => {
  test.each([
    ['the whole', {}, 'GET', 200, 1000],
    ['a part', { range: 'bytes=0-9' }, 'GET', 206, 10],
    ['the head alone', {}, 'HEAD', 200, 0],
    ['nothing new', { 'if-none-match': '*' }, 'GET', 304, 0],
  ])('%s', async (_name, headers: Record<string, string>, method, status, bytesSent) => {
    const { proxy, port, settings, socketPath, events } = await startTestProxy();
    const blob = await storeBlob(settings.rootDirectory, randomBytes(1000));
    await startWorker(socketPath, blob.accelAnswer);
    await fetchAnswer(port, blob.path, { headers, method });
    await proxy.close();
    expect(events).toMatchObject([
      {
        target: { size: 1000, digest: blob.digest },
        cache: { outcome: 'hit', status, bytesSent, aborted: false },
      },
    ]);
  });
});

test('the size and type of a blob that a worker sends in parts are those of the whole', async () => {
  const { proxy, port, socketPath, events } = await startTestProxy();
  await startWorker(socketPath, (_request, response) => {
    const contentType = 'multipart/byteranges; boundary=b';
    const headers = { 'content-type': contentType, 'content-length': '2', 'x-accel-length': '500' };
    response.writeHead(206, headers).end('ab');
  });
  const path = `/v2/quay.io/org/image/blobs/${DIGEST}`;
  const { headers } = await fetchAnswer(port, path, { headers: { range: 'bytes=0-1,5-6' } });
  expect(headers).not.toHaveProperty('x-accel-length');
  await proxy.close();
  expect(events).toMatchObject([
    {
      target: { size: 500, mediaType: 'application/octet-stream' },
      cache: { bytesSent: 2, outcome: 'unknown' },
    },
  ]);
});

test('a client that left is an aborted pull', async () => {
  const { proxy, port, socketPath, events, logLines } = await startTestProxy();
  await startWorker(socketPath, (_request, response) => {
    response.writeHead(200, { ...MANIFEST, 'content-length': '100' }).write('begun');
  });
  const answer = await openAnswer(port, '/v2/alpine/manifests/3.20');
  answer.destroy();
  await vi.waitFor(() => expect(events).toMatchObject([{ cache: { aborted: true } }]));
  expect(events[0]?.request.addr).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(events[0]?.source.addr).toBe(`127.0.0.1:${port}`);
  await proxy.close();
  expect(logLines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
});

test('a failure is a line of the log and no event', async () => {
  const { proxy, port, socketPath, events, logLines } = await startTestProxy();
  await startWorker(socketPath, (_request, response) => void response.writeHead(404).end('{}'));
  await fetchAnswer(port, '/v2/alpine/manifests/3.20?token=secret');
  await fetchAnswer(port, `/v2/alpine/blobs/${DIGEST}`);
  await fetchAnswer(port, '/v2/alpine/tags/list');
  await proxy.close();
  expect(events).toEqual([]);
  expect(logLines.filter(({ msg }) => msg === 'request refused')).toHaveLength(3);
  expect(JSON.stringify(logLines)).not.toContain('secret');
});

test('lists and the base of the API are no pulls', async () => {
  const { proxy, port, socketPath, events } = await startTestProxy();
  await startWorker(socketPath, (_request, response) => void response.end('{}'));
  await fetchAnswer(port, '/v2/');
  await fetchAnswer(port, '/v2/alpine/tags/list');
  await fetchAnswer(port, `/v2/alpine/referrers/${DIGEST}`);
  await proxy.close();
  expect(events).toEqual([]);
});

import { randomBytes } from 'node:crypto';
import { readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fetchAnswer, type Answer } from './support/client.ts';
import { startTestProxy, type TestProxy } from './support/proxy.ts';
import { storeBlob, type StoredTestBlob } from './support/stored-blob.ts';
import { startWorker, type TestWorker } from './support/worker.ts';

const BYTES = randomBytes(1_500_000);

test('a blob that the worker names is sent whole, and its place is kept secret', async () => {
  const { port, blob } = await startWithBlob();
  const answer = await fetchAnswer(port, blob.path);
  expect(answer.status).toBe(200);
  expect(answer.body.equals(BYTES)).toBe(true);
  expect(answer.headers).toMatchObject({
    'content-length': String(BYTES.length),
    'content-type': 'application/octet-stream',
    'docker-content-digest': blob.digest,
    'docker-distribution-api-version': 'registry/2.0',
    'x-content-type-options': 'nosniff',
    'cache-status': 'registry-cache; hit',
    'accept-ranges': 'bytes',
    etag: `"${blob.digest}"`,
  });
  expect(Object.keys(answer.headers).filter((name) => name.startsWith('x-accel'))).toEqual([]);
});

test('HEAD says what GET says, without the bytes', async () => {
  const { port, blob } = await startWithBlob();
  const get = await fetchAnswer(port, blob.path);
  const head = await fetchAnswer(port, blob.path, { method: 'HEAD' });
  expect(head.status).toBe(get.status);
  expect(head.body.length).toBe(0);
  expect({ ...head.headers, date: '' }).toEqual({ ...get.headers, date: '' });
});

test('an empty blob has an empty body', async () => {
  const { port, blob } = await startWithBlob(Buffer.alloc(0));
  const answer = await fetchAnswer(port, blob.path);
  expect([answer.status, answer.headers['content-length'], answer.body.length]).toEqual([200, '0', 0]);
});

describe('one range', () => {
  test.each([
    ['the first two bytes', 'bytes=0-1', 0, 1],
    ['the middle', 'bytes=600000-1200000', 600_000, 1_200_000],
    ['an open end', 'bytes=1499990-', 1_499_990, 1_499_999],
    ['a suffix', 'bytes=-7', 1_499_993, 1_499_999],
    ['the whole as a range', 'bytes=0-', 0, 1_499_999],
    ['an end beyond the blob', 'bytes=1499999-9999999', 1_499_999, 1_499_999],
  ])('%s', async (_name, range, start, end) => {
    const { port, blob } = await startWithBlob();
    const answer = await fetchAnswer(port, blob.path, { headers: { range } });
    expect(answer.status).toBe(206);
    expect(answer.headers['content-range']).toBe(`bytes ${start}-${end}/1500000`);
    expect(answer.headers['content-length']).toBe(String(end - start + 1));
    expect(answer.body.equals(BYTES.subarray(start, end + 1))).toBe(true);
  });
});

test('several ranges come as exactly as many parts, in the order they were asked', async () => {
  const { port, blob } = await startWithBlob();
  const answer = await fetchAnswer(port, blob.path, {
    headers: { range: 'bytes=1000-1009,0-4,700000-1300000' },
  });
  expect(answer.status).toBe(206);
  expect(answer.headers['content-length']).toBe(String(answer.body.length));
  expect(partsOf(answer)).toEqual([
    { range: 'bytes 1000-1009/1500000', body: BYTES.subarray(1000, 1010).toString('latin1') },
    { range: 'bytes 0-4/1500000', body: BYTES.subarray(0, 5).toString('latin1') },
    { range: 'bytes 700000-1300000/1500000', body: BYTES.subarray(700_000, 1_300_001).toString('latin1') },
  ]);
});

test('a range beyond the blob is not satisfiable', async () => {
  const { port, blob } = await startWithBlob();
  const answer = await fetchAnswer(port, blob.path, { headers: { range: 'bytes=1500000-' } });
  expect(answer.status).toBe(416);
  expect(answer.headers['content-range']).toBe('bytes */1500000');
  expect(JSON.parse(answer.body.toString())).toMatchObject({ errors: [{ code: 'RANGE_INVALID' }] });
});

describe('conditions', () => {
  test.each([
    ['a matching tag', { 'if-none-match': 'ETAG' }, 304],
    ['a weak matching tag', { 'if-none-match': 'W/ETAG' }, 304],
    ['one of several tags', { 'if-none-match': '"other", ETAG' }, 304],
    ['any tag', { 'if-none-match': '*' }, 304],
    ['a matching tag and a range', { 'if-none-match': 'ETAG', range: 'bytes=0-1' }, 304],
    ['another tag', { 'if-none-match': '"other"' }, 200],
    ['a range of the same blob', { 'if-range': 'ETAG', range: 'bytes=0-1' }, 206],
    ['a range of another blob', { 'if-range': '"other"', range: 'bytes=0-1' }, 200],
    ['a range of a weak tag', { 'if-range': 'W/ETAG', range: 'bytes=0-1' }, 200],
    ['a range of a date', { 'if-range': 'Sat, 21 Nov 2026 09:00:00 GMT', range: 'bytes=0-1' }, 200],
    ['another unit', { range: 'items=0-1' }, 200],
  ])('%s', async (_name, template, status) => {
    const { port, blob } = await startWithBlob();
    const headers = Object.fromEntries(
      Object.entries(template).map(([name, value]) => [name, value.replace('ETAG', `"${blob.digest}"`)]),
    );
    const answer = await fetchAnswer(port, blob.path, { headers });
    expect(answer.status).toBe(status);
    expect(answer.headers.etag).toBe(`"${blob.digest}"`);
    if (status === 304)
      expect([answer.body.length, answer.headers['content-length']]).toEqual([0, undefined]);
  });

  test('a range of HEAD is ignored', async () => {
    const { port, blob } = await startWithBlob();
    const answer = await fetchAnswer(port, blob.path, { method: 'HEAD', headers: { range: 'bytes=0-1' } });
    expect([answer.status, answer.headers['content-length']]).toEqual([200, '1500000']);
  });
});

describe('a file that is not what the worker named', () => {
  test('evicted: the worker is asked for the bytes', async () => {
    const { port, blob, worker } = await startWithBlob();
    await rm(blob.folder, { recursive: true });
    await expectFilled(port, blob, worker);
  });

  test('of another length: the worker is asked for the bytes', async () => {
    const { port, blob, worker } = await startWithBlob();
    await writeFile(join(blob.folder, 'data'), 'short');
    await expectFilled(port, blob, worker);
  });

  test('outside the store: nothing is sent of it', async () => {
    const { port, socketPath } = await startTestProxy();
    await startWorker(socketPath, (_request, response) => {
      response.setHeader('x-accel-redirect', '/blobs/../../etc/passwd').setHeader('x-accel-length', '5');
      response.end();
    });
    const answer = await fetchAnswer(port, '/v2/quay.io/org/image/manifests/v1');
    expect(answer.status).toBe(500);
    expect(answer.body.toString()).not.toContain('root:');
  });

  test('named again when asked for the bytes: an error, not a loop', async () => {
    const { port, settings, socketPath } = await startTestProxy();
    const blob = await storeBlob(settings.rootDirectory, BYTES);
    await rm(blob.folder, { recursive: true });
    const worker = await startWorker(socketPath, blob.accelAnswer);
    expect((await fetchAnswer(port, blob.path)).status).toBe(500);
    expect(worker.requests).toHaveLength(2);
  });
});

test('a client cannot name a file', async () => {
  const { port, settings, socketPath } = await startTestProxy();
  const blob = await storeBlob(settings.rootDirectory, BYTES);
  const worker = await startWorker(socketPath, (_request, response) => void response.end('from the worker'));
  const headers = {
    'x-accel-redirect': blob.accelPath,
    'x-accel-length': '5',
    'x-registry-cache-no-accel': '1',
    'x-registry-cache-suspect': '1',
  };
  const answer = await fetchAnswer(port, blob.path, { headers });
  expect(answer.body.toString()).toBe('from the worker');
  expect(worker.requests[0]?.headers).not.toHaveProperty('x-accel-redirect');
  expect(worker.requests[0]?.headers).not.toHaveProperty('x-registry-cache-no-accel');
  expect(worker.requests[0]?.headers).not.toHaveProperty('x-registry-cache-suspect');
});

test('a hundred blobs leave no descriptor open and reuse one connection to the worker', async () => {
  const { port, blob, worker } = await startWithBlob(randomBytes(100));
  for (let count = 0; count < 100; count += 1) {
    const range = count % 2 === 0 ? 'bytes=0-9,20-29' : 'bytes=0-9';
    expect((await fetchAnswer(port, blob.path, { headers: { range } })).status).toBe(206);
  }
  expect(worker.sockets.size).toBe(1);
  expect(await openDescriptors(blob.folder)).toBe(0);
});

async function startWithBlob(
  bytes: Buffer = BYTES,
): Promise<TestProxy & { blob: StoredTestBlob; worker: TestWorker }> {
  const proxy = await startTestProxy();
  const blob = await storeBlob(proxy.settings.rootDirectory, bytes);
  const worker = await startWorker(proxy.socketPath, (request, response) => {
    if (request.headers['x-registry-cache-no-accel'] === undefined) blob.accelAnswer(request, response);
    else response.writeHead(200, { 'docker-content-digest': blob.digest }).end(bytes);
  });
  return { ...proxy, blob, worker };
}

async function expectFilled(port: number, blob: StoredTestBlob, worker: TestWorker): Promise<void> {
  const answer = await fetchAnswer(port, blob.path, { headers: { range: 'bytes=0-1' } });
  expect(answer.status).toBe(200);
  expect(answer.body.equals(BYTES)).toBe(true);
  const asked = worker.requests.filter(({ method }) => method === 'GET');
  expect(asked.map(({ headers }) => headers['x-registry-cache-no-accel'])).toEqual([undefined, '1']);
  // The worker does ranges of what it sends itself.
  expect(asked.map(({ headers }) => headers.range)).toEqual(['bytes=0-1', 'bytes=0-1']);
}

function partsOf({ headers, body }: Answer): { range: string | undefined; body: string }[] {
  const boundary = /^multipart\/byteranges; boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1];
  const [preamble, ...sections] = body.toString('latin1').split(`\r\n--${boundary}`);
  expect(preamble).toBe('');
  expect(sections.pop()).toBe('--\r\n');
  return sections.map((section) => {
    const [head = '', ...rest] = section.split('\r\n\r\n');
    expect(head).toContain('Content-Type: application/octet-stream');
    return { range: /Content-Range: (.*)/.exec(head)?.[1]?.trim(), body: rest.join('\r\n\r\n') };
  });
}

async function openDescriptors(folder: string): Promise<number> {
  const names = await readdir('/proc/self/fd');
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(folder)).length;
}

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { symlink, writeFile } from 'node:fs/promises';
import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { parseRepositoryName, type Digest } from '@registry-cache/oci';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UpstreamError } from '../src/upstream/upstream-error.ts';
import { createRecordedLog } from './upstream/support/recorded-log.ts';
import { startWorkerServer, type WorkerServer } from '../src/worker-server.ts';
import {
  createWorkerFixture,
  quietLog,
  UPSTREAM_NAME,
  type WorkerFixture,
} from './support/worker-fixture.ts';

const NAME = parseRepositoryName('org/image');
const BYTES = randomBytes(300_000);
const MANIFEST = { schemaVersion: 2, config: {}, layers: [] };

let worker: WorkerFixture;
let server: WorkerServer;
let socketPath: string;

beforeEach(async () => {
  worker = await createWorkerFixture();
  socketPath = join(worker.root, 'worker.sock');
  server = await startWorkerServer({ socketPath, pullThrough: worker.pullThrough, log: quietLog });
});
afterEach(async () => {
  await server.close(0);
  await worker.close();
});

interface Response {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function open(
  path: string,
  headers: IncomingHttpHeaders = {},
  method = 'GET',
): Promise<IncomingMessage> {
  const req = request({ socketPath, path, headers, method, agent: false }).end();
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  return res;
}

async function ask(path: string, headers: IncomingHttpHeaders = {}, method = 'GET'): Promise<Response> {
  const res = await open(path, headers, method);
  return { status: res.statusCode, headers: res.headers, body: Buffer.concat(await res.toArray()) };
}

async function storeBlob(): Promise<Digest> {
  const digest = worker.upstream.putBlob(NAME, BYTES);
  const repository = { upstream: UPSTREAM_NAME, name: NAME };
  await worker.store.putBlob(UPSTREAM_NAME, digest, BYTES);
  await worker.store.linkLayer(repository, digest);
  return digest;
}

function holdBlob(): { digest: Digest; body: PassThrough } {
  const digest = worker.upstream.putBlob(NAME, BYTES);
  const body = new PassThrough({ highWaterMark: 10_000_000 });
  worker.upstream.bodies.set(`${NAME}@${digest}`, () => ({ body, start: 0, sizeBytes: BYTES.byteLength }));
  return { digest, body };
}

test('a manifest has its type, digest, quoted ETag and length, for GET as for HEAD', async () => {
  const digest = worker.upstream.putManifest(NAME, MANIFEST, 'v1');
  const expected = {
    'content-type': 'application/vnd.oci.image.manifest.v1+json',
    'docker-content-digest': digest,
    etag: `"${digest}"`,
    'content-length': String(JSON.stringify(MANIFEST).length),
  };
  const got = await ask('/v2/org/image/manifests/v1');
  expect(got).toMatchObject({
    status: 200,
    headers: { ...expected, 'cache-status': 'registry-cache; fwd=miss; stored' },
  });
  expect(got.body.toString()).toBe(JSON.stringify(MANIFEST));
  const head = await ask('/v2/org/image/manifests/v1', {}, 'HEAD');
  expect(head).toMatchObject({
    status: 200,
    headers: { ...expected, 'cache-status': 'registry-cache; hit' },
  });
  expect(head.body).toHaveLength(0);
});

test('a manifest that the client has is not sent again', async () => {
  const digest = worker.upstream.putManifest(NAME, MANIFEST, 'v1');
  const { status, headers, body } = await ask('/v2/org/image/manifests/v1', {
    'if-none-match': `W/"x", "${digest}"`,
  });
  expect(status).toBe(304);
  expect(headers['docker-content-digest']).toBe(digest);
  expect(body).toHaveLength(0);
});

test('a stored blob is left to the proxy', async () => {
  const digest = await storeBlob();
  const { status, headers, body } = await ask(`/v2/org/image/blobs/${digest}`, { range: 'bytes=1-2' });
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    'x-accel-redirect': worker.store.accelPath(digest),
    'x-accel-length': String(BYTES.byteLength),
    'docker-content-digest': digest,
    'content-type': 'application/octet-stream',
  });
  expect(body).toHaveLength(0);
});

test('a stored blob that the proxy did not find is sent, in parts too', async () => {
  const digest = await storeBlob();
  const part = await ask(`/v2/org/image/blobs/${digest}`, {
    'x-registry-cache-no-accel': '1',
    range: 'bytes=10-19',
  });
  expect(part).toMatchObject({
    status: 206,
    headers: { 'content-range': `bytes 10-19/${BYTES.byteLength}` },
  });
  expect(part.body).toEqual(BYTES.subarray(10, 20));
});

test.each([
  ['bytes=0-0', 206, 0, 1],
  ['bytes=299990-', 206, 299_990, 300_000],
  ['bytes=-5', 206, 299_995, 300_000],
  ['lines=1-2', 200, 0, 300_000],
])('of a blob that is being filled, %s is answered with %i', async (range, status, start, end) => {
  const { digest, body } = holdBlob();
  body.end(BYTES);
  const got = await ask(`/v2/org/image/blobs/${digest}`, { range });
  expect(got.status).toBe(status);
  expect(got.body.equals(BYTES.subarray(start, end))).toBe(true);
});

test('a range outside of the blob is not satisfiable', async () => {
  const { digest, body } = holdBlob();
  body.end(BYTES);
  const got = await ask(`/v2/org/image/blobs/${digest}`, { range: 'bytes=300000-' });
  expect(got.status).toBe(416);
  expect(got.headers['content-range']).toBe('bytes */300000');
});

test('a range with an If-Range of other bytes is answered with the whole', async () => {
  const { digest, body } = holdBlob();
  body.end(BYTES);
  expect(
    (await ask(`/v2/org/image/blobs/${digest}`, { range: 'bytes=0-1', 'if-range': '"other"' })).status,
  ).toBe(200);
});

test('headers are sent before the upstream has sent a byte', async () => {
  const { digest, body } = holdBlob();
  const res = await open(`/v2/org/image/blobs/${digest}`);
  expect(res.statusCode).toBe(200);
  body.end(BYTES);
  expect(Buffer.concat(await res.toArray()).equals(BYTES)).toBe(true);
});

test('a blob that fails half way ends short, with nothing appended', async () => {
  const { digest, body } = holdBlob();
  const res = await open(`/v2/org/image/blobs/${digest}`);
  body.write(BYTES.subarray(0, 1000));
  let received = 0;
  res.on('data', (chunk: Buffer) => (received += chunk.byteLength));
  await expect.poll(() => received).toBeGreaterThan(0);
  body.destroy(new UpstreamError('invalid', 'something else'));
  await expect(once(res, 'end')).rejects.toThrowError('aborted');
  expect(received).toBeLessThanOrEqual(1000);
});

test.each([
  ['unreachable', 503, 'UNAVAILABLE'],
  ['timeout', 504, 'UPSTREAM_TIMEOUT'],
  ['denied', 403, 'DENIED'],
  ['rate-limited', 429, 'TOOMANYREQUESTS'],
  ['failed', 503, 'UNAVAILABLE'],
  ['invalid', 502, 'UPSTREAM_INVALID'],
] as const)('an upstream that is %s is answered with %i', async (upstreamCode, status, code) => {
  worker.upstream.failure = new UpstreamError(upstreamCode, 'quay.io: no', { retryAfterSeconds: 7 });
  const got = await ask('/v2/org/image/manifests/v1');
  expect(got).toMatchObject({ status, headers: { 'retry-after': '7' } });
  expect(JSON.parse(got.body.toString())).toEqual({ errors: [{ code, message: 'quay.io: no' }] });
});

test('the reason of a failure that is ours stays in the log', async () => {
  await symlink('docker', join(worker.root, 'docker'));
  worker.upstream.putManifest(NAME, MANIFEST, 'v1');
  const got = await ask('/v2/org/image/manifests/v1');
  expect(got.status).toBe(500);
  expect(got.body.toString()).not.toContain(worker.root);
});

test('a failure that was logged when it began is not logged again for each request', async () => {
  await server.close(0);
  const { log, messages } = createRecordedLog();
  server = await startWorkerServer({ socketPath, pullThrough: worker.pullThrough, log });
  worker.upstream.failure = new UpstreamError('unreachable', 'down for a while', { remembered: true });
  expect((await ask('/v2/org/image/manifests/v1')).status).toBe(503);
  expect(messages).toEqual([]);
  worker.upstream.failure = new UpstreamError('unreachable', 'down');
  expect((await ask('/v2/org/image/manifests/v1')).status).toBe(503);
  expect(messages).toEqual(['request failed']);
});

test('a socket that a killed predecessor left behind is taken over', async () => {
  await server.close(0);
  await writeFile(socketPath, '');
  server = await startWorkerServer({ socketPath, pullThrough: worker.pullThrough, log: quietLog });
  expect((await ask('/v2/org/image/manifests/none')).status).toBe(404);
});

test('a pull in flight is finished before the server closes', async () => {
  const { digest, body } = holdBlob();
  const pulled = ask(`/v2/org/image/blobs/${digest}`);
  await expect.poll(() => worker.upstream.calls.length).toBe(1);
  const closed = server.close(20_000);
  body.end(BYTES);
  expect((await pulled).body.equals(BYTES)).toBe(true);
  await closed;
});

test('a connection that the proxy keeps does not hold up a server whose last pull has ended', async () => {
  const agent = new Agent({ keepAlive: true });
  const { digest, body } = holdBlob();
  const req = request({ socketPath, path: `/v2/org/image/blobs/${digest}`, agent }).end();
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  const closed = server.close(60_000);
  body.end(BYTES);
  expect(Buffer.concat(await res.toArray()).equals(BYTES)).toBe(true);
  await closed;
  agent.destroy();
});

test('a pull that does not end within the bound is cut', async () => {
  const { digest, body } = holdBlob();
  const res = await open(`/v2/org/image/blobs/${digest}`);
  res.on('error', () => {});
  body.write(BYTES.subarray(0, 10));
  await server.close(10);
  await expect.poll(() => res.destroyed).toBe(true);
});

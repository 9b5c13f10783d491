import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { digestOf } from '@registry-cache/oci';
import { expect, it } from 'vitest';
import { createChain } from '../../src/upstream/chain.ts';
import type { UpstreamBlob, UpstreamRegistry, BlobGetOptions } from '../../src/upstream/upstream-registry.ts';
import { startLoopbackServer, type ReceivedRequest } from './support/loopback-server.ts';
import { createRecordedLog } from './support/recorded-log.ts';
import { NAME, patiently, registryOf } from './support/registry-of.ts';

const BYTES = randomBytes(256 * 1024);
const BROKEN_OFF_AT = 100_000;
const BLOB_DIGEST = digestOf(BYTES);

async function openBlob(
  registry: UpstreamRegistry,
  options: Partial<BlobGetOptions> = {},
): Promise<UpstreamBlob> {
  const blob = await registry.blobGet(NAME, BLOB_DIGEST, { ...patiently(), ...options });
  if (blob === undefined) throw new Error('expected a blob');
  return blob;
}

function sendPart(response: ServerResponse, { headers }: ReceivedRequest): void {
  const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
  const ranged = headers.range !== undefined && headers['if-range'] === undefined;
  response.writeHead(ranged ? 206 : 200, {
    'content-length': BYTES.byteLength - (ranged ? start : 0),
    etag: '"of another"',
    ...(ranged ? { 'content-range': `bytes ${start}-${BYTES.byteLength - 1}/${BYTES.byteLength}` } : {}),
  });
  response.end(BYTES.subarray(ranged ? start : 0));
}

it('a blob of which one cache sends the beginning and dies is completed by another, and then by the origin', async () => {
  const dying = await startLoopbackServer((response) => {
    response.writeHead(200, { 'content-length': BYTES.byteLength, etag: '"of the dying"' });
    response.write(BYTES.subarray(0, BROKEN_OFF_AT), () => response.destroy());
  });
  const other = await startLoopbackServer(sendPart);
  const origin = await startLoopbackServer(sendPart);
  const { log, messages } = createRecordedLog();
  const chain = createChain({
    caches: [dying.origin, other.origin],
    log,
    now: () => performance.now(),
  });
  const registry = chain.around(registryOf(origin.origin), [
    registryOf(dying.origin),
    registryOf(other.origin),
  ]);

  const first = await openBlob(registry);
  const received: Uint8Array[] = [];
  await expect(
    (async () => {
      for await (const chunk of first.body) received.push(chunk as Uint8Array);
    })(),
  ).rejects.toMatchObject({ code: 'unreachable' });
  const beginning = Buffer.concat(received);
  expect(messages).toEqual(['cache is passed over: blobs are asked of the others and of the origin']);

  const range = { start: beginning.byteLength, etag: '"of the dying"' };
  const rest = await openBlob(registry, { range });
  expect(rest.start).toBe(beginning.byteLength);
  expect(Buffer.concat([beginning, await buffer(rest.body)]).equals(BYTES)).toBe(true);
  expect([dying, other, origin].map(({ requests }) => requests.length)).toEqual([1, 1, 0]);

  // The dying one is passed over, and the other is gone.
  const later = chain.around(registryOf(origin.origin), [
    registryOf(dying.origin),
    registryOf('http://127.0.0.1:1'),
  ]);
  expect((await buffer((await openBlob(later)).body)).equals(BYTES)).toBe(true);
  expect(dying.requests).toHaveLength(1);
  expect(origin.requests).toHaveLength(1);
});

it('a client who leaves in the middle of a body closes the connection to the cache', async () => {
  let closed: Promise<unknown> | undefined;
  const cache = await startLoopbackServer((response) => {
    closed = new Promise((resolve) => response.once('close', resolve));
    response.writeHead(200, { 'content-length': BYTES.byteLength });
    response.write(BYTES.subarray(0, BROKEN_OFF_AT));
  });
  const { log, messages } = createRecordedLog();
  const chain = createChain({ caches: [cache.origin], log, now: () => performance.now() });
  const registry = chain.around(registryOf('http://127.0.0.1:1'), [registryOf(cache.origin)]);
  const caller = new AbortController();
  const blob = await openBlob(registry, { signal: caller.signal });
  const read = buffer(blob.body);
  caller.abort(new Error('left'));
  await expect(read).rejects.toThrow('left');
  await closed;
  expect(messages).toEqual([]);
});

it('a cache that accepts a request and stays silent is let go of', async () => {
  let closed: Promise<unknown> | undefined;
  const silent = await startLoopbackServer((response) => {
    closed = new Promise((resolve) => response.once('close', resolve));
  });
  const origin = await startLoopbackServer(sendPart);
  const { log, messages } = createRecordedLog();
  const chain = createChain({
    caches: [silent.origin],
    log,
    now: () => performance.now(),
    headTimeoutMs: 200,
  });
  const blob = await openBlob(chain.around(registryOf(origin.origin), [registryOf(silent.origin)]));
  expect((await buffer(blob.body)).equals(BYTES)).toBe(true);
  await closed;
  expect(messages).toEqual(['cache is passed over: blobs are asked of the others and of the origin']);
});

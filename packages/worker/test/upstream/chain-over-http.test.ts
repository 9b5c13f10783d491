import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { digestOf } from '@registry-cache/oci';
import { expect, it } from 'vitest';
import { createChain } from '../../src/upstream/chain.ts';
import type { BlobRange } from '../../src/upstream/upstream-registry.ts';
import { startLoopbackServer, type ReceivedRequest } from './support/loopback-server.ts';
import { createRecordedLog } from './support/recorded-log.ts';
import { NAME, patiently, registryOf } from './support/registry-of.ts';

const BYTES = randomBytes(256 * 1024);
const BROKEN_OFF_AT = 100_000;
const BLOB_DIGEST = digestOf(BYTES);

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

  const first = await registry.blobGet(NAME, BLOB_DIGEST, patiently());
  const received: Uint8Array[] = [];
  await expect(
    (async () => {
      for await (const chunk of first?.body ?? []) received.push(chunk as Uint8Array);
    })(),
  ).rejects.toMatchObject({ code: 'unreachable' });
  const beginning = Buffer.concat(received);
  expect(messages).toEqual(['cache is passed over: blobs are asked of the others and of the origin']);

  const range: BlobRange = { start: beginning.byteLength, etag: '"of the dying"' };
  const rest = await registry.blobGet(NAME, BLOB_DIGEST, { ...patiently(), range });
  expect(rest?.start).toBe(beginning.byteLength);
  expect(Buffer.concat([beginning, await buffer(rest?.body ?? [])]).equals(BYTES)).toBe(true);
  expect([dying, other, origin].map(({ requests }) => requests.length)).toEqual([1, 1, 0]);

  const whole = await chain
    .around(registryOf(origin.origin), [registryOf(dying.origin), registryOf('http://127.0.0.1:1')])
    .blobGet(NAME, BLOB_DIGEST, patiently());
  expect((await buffer(whole?.body ?? [])).equals(BYTES)).toBe(true);
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
  const blob = await registry.blobGet(NAME, BLOB_DIGEST, { signal: caller.signal });
  const read = buffer(blob?.body ?? []);
  caller.abort(new Error('left'));
  await expect(read).rejects.toThrow('left');
  await closed;
  expect(messages).toEqual([]);
});

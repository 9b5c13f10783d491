import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { parseRepositoryName } from '@registry-cache/oci';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { requireMinimumRate } from '../src/upstream/minimum-rate.ts';
import { serveWorker, type ServedWorker } from './support/served-worker.ts';
import { UPSTREAM_NAME } from './support/worker-fixture.ts';

const NAME = parseRepositoryName('org/image');
const MIB = 1024 * 1024;
const BYTES = randomBytes(24 * MIB);
const PACED = { 'x-registry-cache-paced': '1' };

let worker: ServedWorker;
let path: string;
/** What was taken from the upstream. */
let takenBytes: number;

beforeEach(async () => {
  worker = await serveWorker();
  const digest = worker.upstream.putBlob(NAME, BYTES);
  path = `/v2/${NAME}/blobs/${digest}`;
  takenBytes = 0;
  worker.upstream.bodies.set(`${NAME}@${digest}`, (range) => {
    const { start } = range ?? { start: 0 };
    return { body: Readable.from(pieces(start)), start, sizeBytes: BYTES.byteLength };
  });
});
afterEach(() => worker.close());

function* pieces(start: number): Generator<Uint8Array> {
  for (let at = start; at < BYTES.byteLength; at += 64 * 1024) {
    const piece = BYTES.subarray(at, at + 64 * 1024);
    takenBytes += piece.byteLength;
    yield piece;
  }
}

/** Resolves when the transfer takes nothing more by itself. */
async function settled(): Promise<number> {
  for (let before = -1; before !== takenBytes; await sleep(100)) before = takenBytes;
  return takenBytes;
}

async function readSome(response: IncomingMessage, bytes: number): Promise<void> {
  for (let readBytes = 0; readBytes < bytes;) {
    const chunk = response.read() as Uint8Array | null;
    readBytes += chunk?.byteLength ?? 0;
    if (chunk === null) await once(response, 'readable');
  }
}

test('a fill waits for its reader where that has asked for it, and follows it to the end', async () => {
  const reader = await worker.open(path, PACED);
  await expect.poll(() => takenBytes).toBeGreaterThanOrEqual(MIB);
  expect(await settled()).toBeLessThan(6 * MIB);
  await readSome(reader, 8 * MIB);
  await expect.poll(() => takenBytes).toBeGreaterThanOrEqual(9 * MIB);
  expect(await settled()).toBeLessThan(14 * MIB);
  expect((await reader.toArray()).length).toBeGreaterThan(0);
  const repository = { upstream: UPSTREAM_NAME, name: NAME };
  const digest = worker.upstream.putBlob(NAME, BYTES);
  await expect.poll(() => worker.store.hasLayerLink(repository, digest)).toBe(true);
});

test('the fastest of paced readers sets the pace', async () => {
  const slow = await worker.open(path, PACED);
  const fast = await worker.open(path, PACED);
  expect(Buffer.concat(await fast.toArray()).equals(BYTES)).toBe(true);
  slow.destroy();
});

test('a client that joins a paced fill does not wait for the one that goes slowly', async () => {
  const warm = await worker.open(path, PACED);
  await settled();
  const client = await worker.get(path);
  expect(client.body.equals(BYTES)).toBe(true);
  expect(client.headers['cache-status']).toBe('registry-cache; fwd=miss; collapsed');
  expect(Buffer.concat(await warm.toArray()).equals(BYTES)).toBe(true);
});

test('a client that leaves a paced fill leaves it to its pace', async () => {
  const warm = await worker.open(path, PACED);
  const client = await worker.open(path);
  await readSome(client, MIB);
  client.destroy();
  expect(await settled()).toBeLessThan(BYTES.byteLength);
  warm.destroy();
});

test('a paced fill that its last reader leaves goes on as any other does', async () => {
  const warm = await worker.open(path, PACED);
  await settled();
  warm.destroy();
  await expect.poll(() => takenBytes).toBe(BYTES.byteLength);
});

test('a fill that others began is not slowed by a paced reader', async () => {
  const client = await worker.open(path);
  const warm = await worker.open(path, PACED);
  expect(Buffer.concat(await client.toArray()).equals(BYTES)).toBe(true);
  expect(Buffer.concat(await warm.toArray()).equals(BYTES)).toBe(true);
});

test('a worker that ends does not wait for a paced reader', async () => {
  const warm = await worker.open(path, PACED);
  warm.on('error', () => {});
  await settled();
  await worker.pullThrough.close();
  expect(await settled()).toBeLessThan(BYTES.byteLength);
});

test('what is not taken because its reader waits is no trickle', async () => {
  const windowMs = 50;
  const digest = worker.upstream.putBlob(NAME, BYTES);
  const failures: Error[] = [];
  worker.upstream.bodies.set(`${NAME}@${digest}`, () => {
    const body = Readable.from(pieces(0)).pause();
    const error = (): Error => {
      failures.push(new Error('trickles'));
      return new Error('trickles');
    };
    requireMinimumRate(body, { windowMs, minBytes: 60 * 1024, error });
    return { body, start: 0, sizeBytes: BYTES.byteLength };
  });
  const warm = await worker.open(path, PACED);
  // Far less than the minimum in each window.
  for (let windows = 0; windows < 12; windows++) {
    await readSome(warm, 1024);
    await sleep(windowMs);
  }
  expect(failures).toEqual([]);
  expect(warm.destroyed).toBe(false);
  warm.destroy();
});

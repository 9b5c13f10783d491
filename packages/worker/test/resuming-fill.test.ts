import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { parseRepositoryName, type Digest } from '@registry-cache/oci';
import { afterEach, expect, test } from 'vitest';
import { UpstreamError, type UpstreamErrorCode } from '../src/upstream/upstream-error.ts';
import type { UpstreamBlob } from '../src/upstream/upstream-registry.ts';
import {
  bytesOf,
  createWorkerFixture,
  receivedFrom,
  UPSTREAM_NAME,
  type WorkerFixture,
} from './support/worker-fixture.ts';

const NAME = parseRepositoryName('org/image');
const BYTES = randomBytes(200_000);

let worker: WorkerFixture;
afterEach(() => worker.close());

/** A body of `bytes` that then breaks off. */
function broken(
  bytes: Uint8Array,
  error: UpstreamError = new UpstreamError('unreachable', 'reset'),
): Readable {
  const body = new PassThrough({ highWaterMark: 1_000_000 });
  body.write(bytes);
  // An error drops what is buffered: it comes when all was read.
  body.on('data', () => {
    if (body.readableLength === 0) setImmediate(() => body.destroy(error));
  });
  body.pause();
  return body;
}

/** The upstream sends these answers, one after the other, and then the blob as it is. */
function script(answers: readonly ((start: number) => UpstreamBlob)[]): Digest {
  const digest = worker.upstream.putBlob(NAME, BYTES);
  const left = [...answers];
  worker.upstream.bodies.set(`${NAME}@${digest}`, (range) => {
    const next = left.shift();
    if (next !== undefined) return next(range?.start ?? 0);
    const start = range?.start ?? 0;
    return { body: Readable.from([BYTES.subarray(start)]), start, sizeBytes: BYTES.byteLength };
  });
  return digest;
}

const blob = (body: Readable, start = 0): UpstreamBlob => ({
  body,
  start,
  sizeBytes: BYTES.byteLength,
  etag: '"v1"',
});

const pull = async (digest: Digest): Promise<Buffer> =>
  bytesOf(await worker.ask('GET', `/v2/${NAME}/blobs/${digest}`));

const stored = (digest: Digest): Promise<boolean> =>
  worker.store.hasLayerLink({ upstream: UPSTREAM_NAME, name: NAME }, digest);

test.each(['unreachable', 'timeout', 'failed', 'rate-limited'] as const)(
  'a body that breaks off as %s goes on from the byte reached, and readers notice nothing',
  async (code) => {
    worker = await createWorkerFixture();
    const digest = script([() => blob(broken(BYTES.subarray(0, 70_000), new UpstreamError(code, 'no')))]);
    const both = await Promise.all([pull(digest), pull(digest)]);
    for (const bytes of both) expect(bytes.equals(BYTES)).toBe(true);
    expect(worker.upstream.calls).toEqual([
      `GET blob ${NAME}@${digest}`,
      `GET blob ${NAME}@${digest} from 70000`,
    ]);
    await expect.poll(() => stored(digest)).toBe(true);
  },
);

test('it breaks off again and again, and arrives', async () => {
  worker = await createWorkerFixture();
  const piece = (start: number): UpstreamBlob => blob(broken(BYTES.subarray(start, start + 15_000)), start);
  const digest = script(Array.from({ length: 12 }, () => piece));
  expect((await pull(digest)).equals(BYTES)).toBe(true);
  expect(worker.upstream.calls).toHaveLength(13);
});

test('an upstream without ranges begins anew, and no reader sees a byte twice', async () => {
  worker = await createWorkerFixture();
  const digest = script([
    () => blob(broken(BYTES.subarray(0, 70_000))),
    () => blob(Readable.from([BYTES]), 0),
  ]);
  expect((await pull(digest)).equals(BYTES)).toBe(true);
});

test('another body behind the break is found out before any reader is complete', async () => {
  worker = await createWorkerFixture();
  const other = randomBytes(BYTES.byteLength);
  const digest = script([
    () => blob(broken(BYTES.subarray(0, 70_000))),
    (start) => blob(Readable.from([other.subarray(start)]), start),
  ]);
  await expect(pull(digest)).rejects.toThrowError(/does not match its digest/);
  expect(await worker.store.findBlob(digest)).toBeUndefined();
  expect(await readdir(`${worker.root}/registry-cache/fills/quay.io`)).toEqual([]);
});

test('a blob that has another size behind the break is refused', async () => {
  worker = await createWorkerFixture();
  const digest = script([
    () => blob(broken(BYTES.subarray(0, 70_000))),
    (start) => ({ ...blob(Readable.from([BYTES]), start), sizeBytes: 5 }),
  ]);
  await expect(pull(digest)).rejects.toThrowError(/has 5 now/);
});

test('an answer that ends early without a word goes on too', async () => {
  worker = await createWorkerFixture();
  const digest = script([() => blob(Readable.from([BYTES.subarray(0, 70_000)]))]);
  expect((await pull(digest)).equals(BYTES)).toBe(true);
});

test('an answer that is longer than it says is refused', async () => {
  worker = await createWorkerFixture();
  const digest = script([() => blob(Readable.from([BYTES, BYTES]))]);
  await expect(pull(digest)).rejects.toMatchObject({ code: 'invalid' });
});

test.each(['denied', 'invalid'] as const)(
  'a %s answer behind the break ends the fill',
  async (code: UpstreamErrorCode) => {
    worker = await createWorkerFixture();
    const digest = script([
      () => blob(broken(BYTES.subarray(0, 70_000))),
      () => {
        throw new UpstreamError(code, 'no');
      },
    ]);
    await expect(pull(digest)).rejects.toMatchObject({ code });
  },
);

test('an upstream that stays away ends the fill, and the next pull takes it up', async () => {
  worker = await createWorkerFixture({ patience: { firstDelayMs: 1, maxDelayMs: 1, giveUpAfterMs: 0 } });
  const digest = script([() => blob(broken(BYTES.subarray(0, 70_000)))]);
  await expect(pull(digest)).rejects.toMatchObject({ code: 'unreachable' });
  expect((await pull(digest)).equals(BYTES)).toBe(true);
  expect(worker.upstream.calls.at(-1)).toBe(`GET blob ${NAME}@${digest} from 70000`);
});

test('what a killed process left is hashed again and continued', async () => {
  worker = await createWorkerFixture();
  const digest = script([]);
  const left = await worker.store.createFill(UPSTREAM_NAME, digest);
  await left.append(BYTES.subarray(0, 120_000));
  await left.close();
  expect((await pull(digest)).equals(BYTES)).toBe(true);
  expect(worker.upstream.calls).toEqual([`GET blob ${NAME}@${digest} from 120000`]);
  await expect.poll(() => stored(digest)).toBe(true);
});

test('what a killed process left and is no good costs one failed pull', async () => {
  worker = await createWorkerFixture();
  const digest = script([]);
  const left = await worker.store.createFill(UPSTREAM_NAME, digest);
  await left.append(randomBytes(120_000));
  await left.close();
  await expect(pull(digest)).rejects.toThrowError(/does not match its digest/);
  expect((await pull(digest)).equals(BYTES)).toBe(true);
});

test('a leftover that is as long as the blob is fetched anew', async () => {
  worker = await createWorkerFixture();
  const digest = script([
    () => {
      throw new UpstreamError('failed', 'range not satisfiable', { status: 416 });
    },
  ]);
  const left = await worker.store.createFill(UPSTREAM_NAME, digest);
  await left.append(BYTES);
  await left.close();
  expect((await pull(digest)).equals(BYTES)).toBe(true);
});

test('a blob above the limit is refused, whether the upstream says its size or not', async () => {
  worker = await createWorkerFixture({ fills: { abandonBelowPercent: 0, maxSizeBytes: 100_000 } });
  const said = script([]);
  await expect(pull(said)).rejects.toThrowError(/larger than fills.maxsize/);
  const unsaid = script([
    () => ({ body: Readable.from([BYTES.subarray(0, 90_000), BYTES.subarray(90_000)]), start: 0 }),
  ]);
  await expect(pull(unsaid)).rejects.toThrowError(/larger than fills.maxsize/);
});

test('a fill that its last client has left is given up below the share, and taken up by the next', async () => {
  worker = await createWorkerFixture({ fills: { abandonBelowPercent: 50, maxSizeBytes: 1_000_000 } });
  const body = new PassThrough({ highWaterMark: 1_000_000 });
  const digest = script([() => blob(body)]);
  const answer = await worker.ask('GET', `/v2/${NAME}/blobs/${digest}`);
  if (answer.kind !== 'blob-stream') throw new Error('expected a fill');
  const stream = answer.read({ start: 0 });
  body.write(BYTES.subarray(0, 1_000));
  await expect.poll(receivedFrom(stream)).toBe(999);
  stream.destroy();
  await expect.poll(() => body.destroyed).toBe(true);
  expect((await pull(digest)).equals(BYTES)).toBe(true);
});

test('a fill that its last client has left goes on above the share', async () => {
  worker = await createWorkerFixture({ fills: { abandonBelowPercent: 50, maxSizeBytes: 1_000_000 } });
  const body = new PassThrough({ highWaterMark: 1_000_000 });
  const digest = script([() => blob(body)]);
  const answer = await worker.ask('GET', `/v2/${NAME}/blobs/${digest}`);
  if (answer.kind !== 'blob-stream') throw new Error('expected a fill');
  const stream = answer.read({ start: 0 });
  body.write(BYTES.subarray(0, 150_000));
  await expect.poll(receivedFrom(stream)).toBe(149_999);
  stream.destroy();
  body.end(BYTES.subarray(150_000));
  await expect.poll(() => stored(digest)).toBe(true);
});

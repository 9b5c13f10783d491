import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { PassThrough, type Readable } from 'node:stream';
import { parseRepositoryName, type Digest } from '@registry-cache/oci';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Answer } from '../src/answer/answer.ts';
import { unreachable } from './support/scripted-upstream.ts';
import {
  bytesOf,
  createWorkerFixture,
  receivedFrom,
  UPSTREAM_NAME,
  type WorkerFixture,
} from './support/worker-fixture.ts';

const NAME = parseRepositoryName('org/image');
const OTHER = parseRepositoryName('org/other');
const BYTES = randomBytes(1_000_000);

let worker: WorkerFixture;
beforeEach(async () => {
  worker = await createWorkerFixture();
});
afterEach(() => worker.close());

const blobPath = (digest: Digest, name: string = NAME): string => `/v2/${name}/blobs/${digest}`;

/** A blob whose bytes the test sends by hand. */
function holdBlob(bytes: Buffer = BYTES, name = NAME): { digest: Digest; body: PassThrough } {
  const digest = worker.upstream.putBlob(name, bytes);
  const body = new PassThrough({ highWaterMark: 10_000_000 });
  worker.upstream.bodies.set(`${name}@${digest}`, () => ({ body, start: 0, sizeBytes: bytes.byteLength }));
  return { digest, body };
}

function read(answer: Answer, range = { start: 0 }): Readable {
  if (answer.kind !== 'blob-stream') throw new Error(`expected a running fill, got ${answer.kind}`);
  return answer.read(range);
}

async function filled(digest: Digest): Promise<void> {
  await expect
    .poll(() => worker.store.hasLayerLink({ upstream: UPSTREAM_NAME, name: NAME }, digest))
    .toBe(true);
}

test('a cold blob is streamed while it fills, and is a hit from then on', async () => {
  const digest = worker.upstream.putBlob(NAME, BYTES);
  const answer = await worker.ask('GET', blobPath(digest));
  expect(answer).toMatchObject({ kind: 'blob-stream', outcome: 'miss', sizeBytes: BYTES.byteLength });
  expect((await bytesOf(answer)).equals(BYTES)).toBe(true);
  await filled(digest);
  expect(await worker.ask('GET', blobPath(digest))).toMatchObject({
    kind: 'stored-blob',
    outcome: 'hit',
    sizeBytes: BYTES.byteLength,
    accelPath: worker.store.accelPath(digest),
  });
  expect(worker.upstream.calls).toEqual([`GET blob org/image@${digest}`]);
});

test('many clients on one cold blob cost one transfer, and all get every byte', async () => {
  const { digest, body } = holdBlob();
  const asked = Promise.all(
    Array.from({ length: 20 }, () => worker.ask('GET', blobPath(digest)).then(bytesOf)),
  );
  for (let sent = 0; sent < BYTES.byteLength; sent += 100_000) {
    body.write(BYTES.subarray(sent, sent + 100_000));
    await new Promise(setImmediate);
  }
  body.end();
  for (const bytes of await asked) expect(bytes.equals(BYTES)).toBe(true);
  expect(worker.upstream.calls.filter((call) => call.startsWith('GET blob'))).toHaveLength(1);
});

test('a client gets bytes before the upstream has sent all of them', async () => {
  const { digest, body } = holdBlob();
  const stream = read(await worker.ask('GET', blobPath(digest)));
  body.write(BYTES.subarray(0, 1000));
  const [first] = (await stream.take(1).toArray()) as Buffer[];
  expect(first?.equals(BYTES.subarray(0, first.byteLength))).toBe(true);
  body.end(BYTES.subarray(1000));
});

test('a client that leaves does not stop the fill', async () => {
  const { digest, body } = holdBlob();
  const stream = read(await worker.ask('GET', blobPath(digest)));
  body.write(BYTES.subarray(0, 1000));
  stream.destroy();
  body.end(BYTES.subarray(1000));
  await filled(digest);
  expect(await worker.ask('GET', blobPath(digest))).toMatchObject({ outcome: 'hit' });
});

test('a client that comes late begins at byte 0', async () => {
  const { digest, body } = holdBlob();
  const early = worker.ask('GET', blobPath(digest)).then(bytesOf);
  body.write(BYTES.subarray(0, 900_000));
  await new Promise((resolve) => setTimeout(resolve, 20));
  const late = await worker.ask('GET', blobPath(digest));
  expect(late).toMatchObject({ outcome: 'collapsed' });
  const lateBytes = bytesOf(late);
  body.end(BYTES.subarray(900_000));
  expect((await lateBytes).equals(BYTES)).toBe(true);
  expect((await early).equals(BYTES)).toBe(true);
});

test('wrong bytes reach nobody as a complete answer, and are not stored', async () => {
  const { digest, body } = holdBlob();
  const stream = read(await worker.ask('GET', blobPath(digest)));
  body.end(Buffer.concat([BYTES.subarray(0, -1), Buffer.from([(BYTES.at(-1) ?? 0) ^ 1])]));
  let received = 0;
  await expect(
    (async () => {
      for await (const chunk of stream as AsyncIterable<Buffer>) received += chunk.byteLength;
    })(),
  ).rejects.toThrowError(/does not match its digest/);
  expect(received).toBeLessThan(BYTES.byteLength);
  expect(await worker.store.findBlob(digest)).toBeUndefined();
  expect(await readdir(`${worker.root}/registry-cache/fills/quay.io`)).toEqual([]);
});

test('a blob that the upstream does not hold is unknown, to everyone who waited', async () => {
  const digest = worker.upstream.putBlob(OTHER, BYTES);
  const answered = worker.upstream.hold();
  const asked = Promise.allSettled([1, 2, 3].map(() => worker.ask('GET', blobPath(digest))));
  await expect.poll(() => worker.upstream.calls.length).toBeGreaterThan(0);
  answered();
  for (const each of await asked)
    expect(each).toMatchObject({ status: 'rejected', reason: { code: 'BLOB_UNKNOWN' } });
  expect(worker.upstream.calls).toHaveLength(1);
  // The file was made while the upstream was asked.
  expect(await readdir(`${worker.root}/registry-cache/fills/quay.io`)).toEqual([]);
});

test('HEAD on a cold blob says its size and does not fetch it', async () => {
  const digest = worker.upstream.putBlob(NAME, BYTES);
  expect(await worker.ask('HEAD', blobPath(digest))).toMatchObject({
    kind: 'blob-head',
    sizeBytes: BYTES.byteLength,
  });
  expect(worker.upstream.calls).toEqual([`HEAD blob org/image@${digest}`]);
  expect(await worker.store.findBlob(digest)).toBeUndefined();
});

test('a stored blob is served for another repository after a HEAD, without a second transfer', async () => {
  const digest = worker.upstream.putBlob(NAME, BYTES);
  await bytesOf(await worker.ask('GET', blobPath(digest)));
  await filled(digest);
  await expect(worker.ask('GET', blobPath(digest, OTHER))).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
  worker.upstream.putBlob(OTHER, BYTES);
  expect(await worker.ask('GET', blobPath(digest, OTHER))).toMatchObject({
    kind: 'stored-blob',
    outcome: 'revalidated',
  });
  expect(await worker.ask('GET', blobPath(digest, OTHER))).toMatchObject({
    kind: 'stored-blob',
    outcome: 'hit',
  });
  expect(worker.upstream.calls.filter((call) => call.startsWith('GET blob'))).toHaveLength(1);
});

test('a running fill is joined from another repository only after a HEAD there', async () => {
  const { digest, body } = holdBlob();
  const first = bytesOf(await worker.ask('GET', blobPath(digest)));
  await expect(worker.ask('GET', blobPath(digest, OTHER))).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
  worker.upstream.putBlob(OTHER, BYTES);
  const joined = bytesOf(await worker.ask('GET', blobPath(digest, OTHER)));
  body.end(BYTES);
  expect((await first).equals(BYTES)).toBe(true);
  expect((await joined).equals(BYTES)).toBe(true);
  await expect
    .poll(() => worker.store.hasLayerLink({ upstream: UPSTREAM_NAME, name: OTHER }, digest))
    .toBe(true);
});

test('a fill that ends while another repository proves its access leaves a stored blob to that one', async () => {
  const { digest, body } = holdBlob();
  worker.upstream.putBlob(OTHER, BYTES);
  const first = bytesOf(await worker.ask('GET', blobPath(digest)));
  const answered = worker.upstream.hold();
  const asked = worker.ask('GET', blobPath(digest, OTHER));
  await expect.poll(() => worker.upstream.calls.at(-1)).toBe(`HEAD blob ${OTHER}@${digest}`);
  body.end(BYTES);
  await first;
  await filled(digest);
  answered();
  expect(await asked).toMatchObject({ kind: 'stored-blob' });
});

test('a repository that holds the blob does not suffer from one that does not', async () => {
  const digest = worker.upstream.putBlob(OTHER, BYTES);
  const [without, withBlob] = await Promise.allSettled([
    worker.ask('GET', blobPath(digest, NAME)),
    worker.ask('GET', blobPath(digest, OTHER)).then(bytesOf),
  ]);
  expect(without).toMatchObject({ status: 'rejected', reason: { code: 'BLOB_UNKNOWN' } });
  expect(withBlob).toMatchObject({ status: 'fulfilled' });
});

test('a stored blob without a proof is not served while the upstream cannot answer', async () => {
  const digest = worker.upstream.putBlob(NAME, BYTES);
  await worker.store.putBlob(UPSTREAM_NAME, digest, BYTES);
  worker.upstream.failure = unreachable();
  await expect(worker.ask('GET', blobPath(digest))).rejects.toMatchObject({ code: 'unreachable' });
});

test('a stored blob with a proof is served whatever the upstream does', async () => {
  const digest = worker.upstream.putBlob(NAME, BYTES);
  await bytesOf(await worker.ask('GET', blobPath(digest)));
  await filled(digest);
  worker.upstream.failure = unreachable();
  expect(await worker.ask('GET', blobPath(digest))).toMatchObject({ outcome: 'hit' });
});

test('an evicted blob is simply a miss', async () => {
  const digest = worker.upstream.putBlob(NAME, BYTES);
  await bytesOf(await worker.ask('GET', blobPath(digest)));
  await filled(digest);
  await rm(`${worker.root}/docker/registry/v2${worker.store.accelPath(digest)}`);
  const again = await worker.ask('GET', blobPath(digest));
  expect(again).toMatchObject({ outcome: 'miss' });
  expect((await bytesOf(again)).equals(BYTES)).toBe(true);
});

test('where the proxy cannot send a stored blob, the worker does', async () => {
  const digest = worker.upstream.putBlob(NAME, BYTES);
  await bytesOf(await worker.ask('GET', blobPath(digest)));
  await filled(digest);
  const answer = await worker.ask('GET', blobPath(digest), { accel: false });
  expect(answer).toMatchObject({ kind: 'blob-stream', outcome: 'hit', sizeBytes: BYTES.byteLength });
  expect((await bytesOf(answer)).equals(BYTES)).toBe(true);
});

test('a blob of no bytes is filled too', async () => {
  const digest = worker.upstream.putBlob(NAME, Buffer.alloc(0));
  expect(await bytesOf(await worker.ask('GET', blobPath(digest)))).toEqual(Buffer.alloc(0));
  await filled(digest);
});

test('closing aborts a running fill, and the next process takes up what is there', async () => {
  const { digest, body } = holdBlob();
  const stream = read(await worker.ask('GET', blobPath(digest)));
  stream.on('error', () => {});
  body.write(BYTES.subarray(0, 1000));
  await expect.poll(receivedFrom(stream)).toBe(999);
  await worker.pullThrough.close();
  expect(body.destroyed).toBe(true);
  expect(await worker.store.findBlob(digest)).toBeUndefined();
  const left = await worker.store.adoptFill(UPSTREAM_NAME, digest);
  expect(left?.sizeBytes).toBe(1000);
  await left?.close();
});

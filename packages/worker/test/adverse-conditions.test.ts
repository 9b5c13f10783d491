import { randomBytes } from 'node:crypto';
import { rename, symlink, truncate } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { parseRepositoryName, parseTag } from '@registry-cache/oci';
import type { FillFile, Store } from '@registry-cache/store';
import { afterEach, expect, test } from 'vitest';
import type { FillRange } from '../src/fill/fill-reader.ts';
import { UpstreamError } from '../src/upstream/upstream-error.ts';
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
const REPOSITORY = { upstream: UPSTREAM_NAME, name: NAME };
const BYTES = randomBytes(200_000);

let worker: WorkerFixture;
afterEach(() => worker.close());

function storeWithFile(change: (file: FillFile) => Partial<FillFile>): (store: Store) => Store {
  return (store) => ({
    ...store,
    createFill: async (...args) => {
      const file = await store.createFill(...args);
      return Object.defineProperties(
        {},
        {
          ...Object.getOwnPropertyDescriptors(file),
          ...Object.getOwnPropertyDescriptors(change(file)),
        },
      ) as FillFile;
    },
  });
}

async function readAll(
  digest: string,
  range: FillRange = { start: 0 },
): Promise<{ received: number; error: unknown }> {
  const answer = await worker.ask('GET', `/v2/${NAME}/blobs/${digest}`);
  if (answer.kind !== 'blob-stream') throw new Error(answer.kind);
  let received = 0;
  try {
    for await (const chunk of answer.read(range) as AsyncIterable<Buffer>) received += chunk.byteLength;
    return { received, error: undefined };
  } catch (error) {
    return { received, error };
  }
}

test('a rest that is longer than promised ends the fill before a reader has all the bytes that it was promised', async () => {
  worker = await createWorkerFixture();
  const digest = worker.upstream.putBlob(NAME, BYTES);
  let asked = 0;
  worker.upstream.bodies.set(`${NAME}@${digest}`, (range) => {
    const sizeBytes = BYTES.byteLength;
    if (asked++ === 0) {
      return {
        body: Readable.from(
          (function* () {
            yield BYTES.subarray(0, 70_000);
            throw new UpstreamError('unreachable', 'reset');
          })(),
        ),
        start: 0,
        sizeBytes,
      };
    }
    const pieces = Array.from({ length: 400 }, () => randomBytes(10_000));
    return {
      body: Readable.from(
        (async function* () {
          for (const each of pieces) {
            await new Promise((r) => setTimeout(r, 1));
            yield each;
          }
        })(),
      ),
      start: range?.start ?? 0,
      sizeBytes,
    };
  });
  const { received, error } = await readAll(digest);
  expect(error).toBeDefined();
  expect(received).toBeLessThan(BYTES.byteLength);
});

test('a disk that becomes read-only under a fill does not stop the pull', async () => {
  const readOnly = (): Error => Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' });
  worker = await createWorkerFixture({
    storeOf: storeWithFile((file) => ({
      append: async (...chunks) => {
        if (file.sizeBytes > 100_000) throw readOnly();
        await file.append(...chunks);
      },
      discard: async () => {
        throw readOnly();
      },
    })),
  });
  const digest = worker.upstream.putBlob(NAME, BYTES);
  worker.upstream.bodies.set(`${NAME}@${digest}`, (range) => ({
    body: Readable.from(
      [BYTES.subarray(range?.start ?? 0, 150_000), BYTES.subarray(150_000)].filter((b) => b.byteLength > 0),
    ),
    start: range?.start ?? 0,
    sizeBytes: BYTES.byteLength,
  }));
  const bytes = await Promise.race([
    worker.ask('GET', `/v2/${NAME}/blobs/${digest}`).then(bytesOf),
    new Promise<string>((r) => setTimeout(() => r('hangs'), 1500)),
  ]);
  expect(bytes).not.toBe('hangs');
  expect((bytes as Buffer).equals(BYTES)).toBe(true);
});

test('a fill that was given up and ends late leaves its successor where others find it', async () => {
  let release = (): void => {};
  const held = new Promise<void>((r) => (release = r));
  let appends = 0;
  worker = await createWorkerFixture({
    fills: { abandonBelowPercent: 50, maxSizeBytes: 1_000_000 },
    storeOf: storeWithFile((file) => ({
      append: async (...chunks) => {
        await file.append(...chunks);
        if (++appends === 2) await held;
      },
    })),
  });
  const digest = worker.upstream.putBlob(NAME, BYTES);
  const bodies: PassThrough[] = [];
  worker.upstream.bodies.set(`${NAME}@${digest}`, () => {
    const body = new PassThrough({ highWaterMark: 1e6 });
    bodies.push(body);
    return { body, start: 0, sizeBytes: BYTES.byteLength };
  });
  const a = await worker.ask('GET', `/v2/${NAME}/blobs/${digest}`);
  if (a.kind !== 'blob-stream') throw new Error();
  const stream = a.read({ start: 0 });
  bodies[0]?.write(BYTES.subarray(0, 1000));
  await expect.poll(receivedFrom(stream)).toBe(999);
  bodies[0]?.write(BYTES.subarray(1000, 2000));
  await expect.poll(() => appends).toBe(2);
  stream.destroy();
  await expect.poll(() => bodies[0]?.destroyed).toBe(true);
  const b = worker.ask('GET', `/v2/${NAME}/blobs/${digest}`).then(bytesOf);
  await expect.poll(() => bodies.length).toBe(2);
  release();
  await new Promise((r) => setTimeout(r, 50));
  const c = worker.ask('GET', `/v2/${NAME}/blobs/${digest}`).then(bytesOf);
  await new Promise((r) => setTimeout(r, 50));
  for (const body of bodies.slice(1)) body.end(BYTES);
  expect((await b).equals(BYTES)).toBe(true);
  expect((await c).equals(BYTES)).toBe(true);
  expect(bodies).toHaveLength(2);
});

test('a tag that was confirmed before the clock was set back is asked for again', async () => {
  worker = await createWorkerFixture();
  worker.upstream.putManifest(NAME, { schemaVersion: 2, config: {}, layers: [] }, 'v1');
  worker.clock.nowMs += 86_400_000;
  await worker.ask('GET', `/v2/${NAME}/manifests/v1`);
  worker.clock.nowMs -= 86_400_000;
  const next = worker.upstream.putManifest(NAME, { schemaVersion: 2, config: {}, layers: [], x: 1 }, 'v1');
  const answer = await worker.ask('GET', `/v2/${NAME}/manifests/v1`);
  expect(answer).toMatchObject({ headers: { 'docker-content-digest': next } });
});

test('a tag does not move to a manifest that the disk had no room for', async () => {
  let full = false;
  worker = await createWorkerFixture({
    tagTtlMs: 0,
    storeOf: (store) => ({
      ...store,
      putBlob: async (...args) => {
        if (full) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
        return store.putBlob(...args);
      },
    }),
  });
  const old = worker.upstream.putManifest(NAME, { schemaVersion: 2, config: {}, layers: [] }, 'v1');
  await worker.ask('GET', `/v2/${NAME}/manifests/v1`);
  full = true;
  worker.upstream.putManifest(NAME, { schemaVersion: 2, config: {}, layers: [], x: 1 }, 'v1');
  await worker.ask('GET', `/v2/${NAME}/manifests/v1`);
  expect((await worker.store.findTag(REPOSITORY, parseTag('v1')))?.digest).toBe(old);
  worker.upstream.failure = unreachable();
  expect(await worker.ask('GET', `/v2/${NAME}/manifests/v1`)).toMatchObject({ outcome: 'stale' });
});

test('a tag whose new manifest is not known by digest yet is fetched by its name', async () => {
  worker = await createWorkerFixture({ tagTtlMs: 0 });
  worker.upstream.putManifest(NAME, { schemaVersion: 2, config: {}, layers: [] }, 'v1');
  await worker.ask('GET', `/v2/${NAME}/manifests/v1`);
  const next = worker.upstream.putManifest(NAME, { schemaVersion: 2, config: {}, layers: [], x: 1 }, 'v1');
  worker.upstream.removeTag(NAME, next);
  expect(await worker.ask('GET', `/v2/${NAME}/manifests/v1`)).toMatchObject({ kind: 'document' });
});

test('a file that cannot be closed does not end the process', async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (e: unknown): void => void unhandled.push(e);
  const before = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', onUnhandled);
  worker = await createWorkerFixture({
    storeOf: storeWithFile((file) => ({
      close: async () => {
        await file.close();
        throw Object.assign(new Error('EIO: close'), { code: 'EIO' });
      },
    })),
  });
  const digest = worker.upstream.putBlob(NAME, BYTES);
  await worker.ask('GET', `/v2/${NAME}/blobs/${digest}`).then(bytesOf);
  await new Promise((r) => setTimeout(r, 100));
  process.removeListener('unhandledRejection', onUnhandled);
  for (const each of before) process.on('unhandledRejection', each);
  expect(unhandled).toEqual([]);
});

test('a part that ends early while nothing can be stored fails', async () => {
  worker = await createWorkerFixture({
    storeOf: (store) => ({
      ...store,
      createFill: async () => {
        throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      },
    }),
  });
  const digest = worker.upstream.putBlob(NAME, BYTES);
  worker.upstream.bodies.set(`${NAME}@${digest}`, (range) => ({
    body: Readable.from([BYTES.subarray(range?.start ?? 0, 5000)]),
    start: range?.start ?? 0,
    sizeBytes: BYTES.byteLength,
  }));
  const { error } = await readAll(digest, { start: 1000, end: 10_000 });
  expect(error).toBeDefined();
});

test('more than was promised while nothing can be stored completes no reader', async () => {
  worker = await createWorkerFixture({
    storeOf: (store) => ({
      ...store,
      createFill: async () => {
        throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      },
    }),
  });
  const digest = worker.upstream.putBlob(NAME, BYTES);
  worker.upstream.bodies.set(`${NAME}@${digest}`, () => ({
    body: Readable.from(Array.from({ length: 50 }, () => randomBytes(10_000))),
    start: 0,
    sizeBytes: BYTES.byteLength,
  }));
  const { received, error } = await readAll(digest);
  expect(error).toBeDefined();
  expect(received).toBeLessThan(BYTES.byteLength);
});

test('a blob that was intact a moment ago is looked at again when its file has changed', async () => {
  worker = await createWorkerFixture();
  const digest = worker.upstream.putBlob(NAME, BYTES);
  await worker.store.putBlob(UPSTREAM_NAME, digest, BYTES);
  await worker.store.linkLayer(REPOSITORY, digest);
  await worker.ask('GET', `/v2/${NAME}/blobs/${digest}`, { suspect: true });
  await truncate(`${worker.root}/docker/registry/v2${worker.store.accelPath(digest)}`, 1000);
  expect(
    await worker.ask('GET', `/v2/${NAME}/blobs/${digest}`, { suspect: true, accel: false }),
  ).toMatchObject({ outcome: 'miss' });
});

test('a blob that is a link to elsewhere is fetched again', async () => {
  worker = await createWorkerFixture();
  const digest = worker.upstream.putBlob(NAME, BYTES);
  await worker.store.putBlob(UPSTREAM_NAME, digest, BYTES);
  await worker.store.linkLayer(REPOSITORY, digest);
  const path = `${worker.root}/docker/registry/v2${worker.store.accelPath(digest)}`;
  await rename(path, `${worker.root}/elsewhere`);
  await symlink(`${worker.root}/elsewhere`, path);
  const bytes = await bytesOf(await worker.ask('GET', `/v2/${NAME}/blobs/${digest}`, { accel: false }));
  expect(bytes.equals(BYTES)).toBe(true);
});

test('HEAD names no file where the proxy cannot send it', async () => {
  worker = await createWorkerFixture();
  const digest = worker.upstream.putBlob(NAME, BYTES);
  await worker.store.putBlob(UPSTREAM_NAME, digest, BYTES);
  await worker.store.linkLayer(REPOSITORY, digest);
  expect(await worker.ask('HEAD', `/v2/${NAME}/blobs/${digest}`, { accel: false })).toMatchObject({
    kind: 'blob-head',
    sizeBytes: BYTES.byteLength,
  });
});

test('a stored layer that is asked for as a manifest is unknown', async () => {
  worker = await createWorkerFixture();
  const digest = worker.upstream.putBlob(OTHER, BYTES);
  await worker.store.putBlob(UPSTREAM_NAME, digest, BYTES);
  await expect(worker.ask('GET', `/v2/${NAME}/manifests/${digest}`)).rejects.toMatchObject({
    code: 'MANIFEST_UNKNOWN',
  });
});

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseRepositoryName } from '@registry-cache/oci';
import type { Store } from '@registry-cache/store';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createCounts } from '../../../test/support/counts.ts';
import { observeWorker } from '../src/observe-worker.ts';
import type { ObservableUpstream } from '../src/upstream/create-upstream-registry.ts';
import { UpstreamError } from '../src/upstream/upstream-error.ts';
import { serveWorker, type ServedWorker } from './support/served-worker.ts';
import { UPSTREAM_NAME, type WorkerFixtureOptions } from './support/worker-fixture.ts';

const NAME = parseRepositoryName('org/image');
const OTHER = parseRepositoryName('org/other');
const REPOSITORY = { upstream: UPSTREAM_NAME, name: NAME };
const BYTES = randomBytes(200_000);
const MANIFEST = { schemaVersion: 2, config: {}, layers: [] };
const MANIFEST_BYTES = JSON.stringify(MANIFEST).length;

describe('a fill', () => {
  test('that is stored counts once, with its bytes and its time, however many read it', async () => {
    const { worker, counts } = await start();
    const { path, body } = worker.holdBlob(NAME, BYTES);
    const readers = await Promise.all([worker.open(path), worker.open(path), worker.open(path)]);
    body.end(BYTES);
    await Promise.all(readers.map((reader) => reader.toArray()));
    await expect.poll(counts).toEqual({
      'fills_total{quay.io,stored}': 1,
      'fill_bytes_total{quay.io}': BYTES.length,
      'fill_duration_seconds_bucket{quay.io}': 1,
    });
    await worker.get(path);
    expect(counts()).toMatchObject({ 'fills_total{quay.io,stored}': 1 });
    expect(worker.failedFills).toEqual([]);
  });

  test('that the upstream does not finish has failed, and is told with its reason', async () => {
    const { worker, counts } = await start({
      patience: { firstDelayMs: 1, maxDelayMs: 1, giveUpAfterMs: 0 },
    });
    const { path, body, digest } = worker.holdBlob(NAME, BYTES);
    const reader = await worker.open(path);
    body.write(BYTES.subarray(0, 1000));
    await once(reader, 'readable');
    body.destroy(new UpstreamError('unreachable', 'quay.io closed the connection'));
    await expect(reader.toArray()).rejects.toThrowError('aborted');
    await expect.poll(counts).toEqual({ 'fills_total{quay.io,failed}': 1 });
    expect(worker.failedFills).toEqual([
      { repository: REPOSITORY, digest, bytes: 1000, reason: 'quay.io closed the connection' },
    ]);
  });

  test('of wrong bytes has failed', async () => {
    const { worker, counts } = await start();
    const { path, body } = worker.holdBlob(NAME, BYTES);
    const reader = await worker.open(path);
    body.end(Buffer.alloc(BYTES.length));
    await expect(reader.toArray()).rejects.toThrowError('aborted');
    await expect.poll(counts).toEqual({ 'fills_total{quay.io,failed}': 1 });
    expect(worker.failedFills).toMatchObject([{ reason: expect.stringContaining('expected sha256:') }]);
  });

  test('whose only reader has left early is deserted, which is no failure', async () => {
    const { worker, counts } = await start({ fills: { abandonBelowPercent: 50, maxSizeBytes: 1e9 } });
    const { path, body } = worker.holdBlob(NAME, BYTES);
    const reader = await worker.open(path);
    body.write(BYTES.subarray(0, 1000));
    await once(reader, 'readable');
    reader.destroy();
    await expect.poll(counts).toEqual({ 'fills_total{quay.io,deserted}': 1 });
    expect(worker.failedFills).toEqual([]);
  });

  test('that ends with the process goes on in the next one, and is counted there', async () => {
    const { worker, counts } = await start();
    const { path, body } = worker.holdBlob(NAME, BYTES);
    const reader = await worker.open(path);
    reader.on('error', () => {});
    body.write(BYTES.subarray(0, 1000));
    await once(reader, 'readable');
    await worker.pullThrough.close();
    await expect.poll(() => worker.pullThrough.runningFills()).toEqual([]);
    expect(counts()).toEqual({});
    expect(worker.failedFills).toEqual([]);
  });

  test.each([
    ['from its beginning', 'createFill'],
    ['at its end', 'publish'],
  ] as const)('that the disk refuses %s is unstored', async (_when, refused) => {
    const { worker, counts } = await start({ storeOf: (store) => refusing(store, refused) });
    const digest = worker.upstream.putBlob(NAME, BYTES);
    const { body } = await worker.get(`/v2/${NAME}/blobs/${digest}`);
    expect(body.equals(BYTES)).toBe(true);
    await expect.poll(counts).toEqual({ 'fills_total{quay.io,unstored}': 1 });
    expect(worker.failedFills).toEqual([]);
  });
});

test('a manifest counts with the bytes that were stored, and not where the disk is full', async () => {
  const { worker, counts } = await start();
  worker.upstream.putManifest(NAME, MANIFEST, 'v1');
  await worker.get(`/v2/${NAME}/manifests/v1`);
  await worker.get(`/v2/${NAME}/manifests/v1`);
  expect(counts()).toEqual({ 'fill_bytes_total{quay.io}': MANIFEST_BYTES });

  const full = await start({ storeOf: (store) => refusing(store, 'putBlob') });
  full.worker.upstream.putManifest(NAME, MANIFEST, 'v1');
  await full.worker.get(`/v2/${NAME}/manifests/v1`);
  expect(full.counts()).toEqual({});
});

test('a fill that runs is told with how far it has come and how many read it', async () => {
  const { worker } = await start();
  const { path, body, digest } = worker.holdBlob(NAME, BYTES);
  const observe = (): unknown => observed(worker);
  expect(observe()).toEqual({ gauges: { fills_running: 0, upstream_up: 1 }, detail: { fills: [] } });
  const first = await worker.open(path);
  const second = await worker.open(path);
  body.write(BYTES.subarray(0, 1000));
  const fill = { repository: NAME, digest, sizeBytes: BYTES.length, startedAtMs: worker.clock.nowMs };
  const running = (receivedBytes: number, readers: number): unknown => ({
    gauges: { fills_running: 1, upstream_up: 1 },
    detail: { fills: [{ ...fill, receivedBytes, readers }] },
  });
  await expect.poll(observe).toEqual(running(1000, 2));
  second.destroy();
  await expect.poll(observe).toEqual(running(1000, 1));
  body.end(BYTES.subarray(1000));
  await first.toArray();
  await expect.poll(observe).toMatchObject({ gauges: { fills_running: 0 }, detail: { fills: [] } });
});

test.each([
  ['that is down is not up', 'down', 0],
  ['that limits us is up', 'limited', 1],
] as const)('an upstream %s', async (_name, state, up) => {
  const { worker } = await start();
  const outage = { state, problem: 'answered 503', askedAgainAtMs: 5000 };
  const rateLimit = { remaining: 76, windowSeconds: 21_600, saidAtMs: 4000 };
  expect(observed(worker, { outage, rateLimit })).toEqual({
    gauges: { fills_running: 0, upstream_up: up, upstream_rate_limit_remaining: 76 },
    detail: { fills: [], outage, rateLimit },
  });
});

describe('how long the upstream was waited for', () => {
  const MS = 'x-registry-cache-upstream-ms';

  test('is said of what it was asked for, and not of a hit', async () => {
    const { worker } = await start();
    worker.upstream.putManifest(NAME, MANIFEST, 'v1');
    const release = worker.upstream.hold();
    const asked = worker.get(`/v2/${NAME}/manifests/v1`);
    await expect.poll(() => worker.upstream.calls).toHaveLength(1);
    worker.clock.nowMs += 1234;
    release();
    expect((await asked).headers[MS]).toBe('1234');
    expect((await worker.get(`/v2/${NAME}/manifests/v1`)).headers).not.toHaveProperty(MS);
  });

  test('ends with the head of a blob, and is said to whoever joins as well', async () => {
    const { worker } = await start();
    const { path, body } = worker.holdBlob(NAME, BYTES);
    const first = await worker.open(path);
    worker.clock.nowMs += 60_000;
    const second = await worker.open(path);
    expect([first.headers[MS], second.headers[MS]]).toEqual(['0', '0']);
    body.end(BYTES);
    await Promise.all([first.toArray(), second.toArray()]);
    await expect.poll(() => worker.pullThrough.runningFills()).toEqual([]);
    expect((await worker.get(path)).headers).not.toHaveProperty(MS);
  });

  test('is said of a stored blob that another repository has to prove', async () => {
    const { worker } = await start();
    const digest = worker.upstream.putBlob(NAME, BYTES);
    worker.upstream.putBlob(OTHER, BYTES);
    await worker.get(`/v2/${NAME}/blobs/${digest}`);
    await expect.poll(() => worker.pullThrough.runningFills()).toEqual([]);
    expect((await worker.get(`/v2/${OTHER}/blobs/${digest}`)).headers).toMatchObject({
      'x-accel-redirect': expect.any(String),
      [MS]: '0',
    });
  });

  test('counts what it took to say that a client may have what is stored', async () => {
    const { worker } = await start({ authorization: 'origin' });
    worker.upstream.mayPull.set('alice', new Set([NAME]));
    worker.upstream.putManifest(NAME, MANIFEST, 'v1');
    const authorization = `Basic ${Buffer.from('alice:right').toString('base64')}`;
    const get = (): ReturnType<ServedWorker['get']> =>
      worker.get(`/v2/${NAME}/manifests/v1`, { authorization });
    await get();
    worker.settings.authorizationTtlMs = 0;
    const release = worker.upstream.hold();
    const callsBefore = worker.upstream.calls.length;
    const asked = get();
    await expect.poll(() => worker.upstream.calls.length).toBeGreaterThan(callsBefore);
    worker.clock.nowMs += 500;
    release();
    expect((await asked).headers).toMatchObject({ 'cache-status': 'registry-cache; hit', [MS]: '500' });
  });
});

describe('a worker that is told to forget', () => {
  test('looks at the disk for what it had in memory', async () => {
    const { worker } = await start();
    worker.upstream.putManifest(NAME, MANIFEST, 'v1');
    const get = async (): Promise<unknown> =>
      (await worker.get(`/v2/${NAME}/manifests/v1`)).headers['cache-status'];
    expect([await get(), await get()]).toEqual(['registry-cache; fwd=miss; stored', 'registry-cache; hit']);
    await rm(join(worker.root, 'docker'), { recursive: true });
    expect(await get()).toBe('registry-cache; hit');
    worker.pullThrough.forget();
    expect(await get()).toBe('registry-cache; fwd=miss; stored');
  });

  test('does not have an answer repeated that it was finding meanwhile', async () => {
    let held: Promise<void> | undefined;
    let looks = 0;
    const { worker } = await start({
      storeOf: (store) => ({
        ...store,
        findBlob: async (digest) => {
          const found = await store.findBlob(digest);
          looks += 1;
          await held;
          return found;
        },
      }),
    });
    const digest = worker.upstream.putManifest(NAME, MANIFEST, 'v1');
    await worker.get(`/v2/${NAME}/manifests/v1`);
    let release = (): void => {};
    held = new Promise((resolve) => (release = resolve));
    const looksBefore = looks;
    const asked = worker.get(`/v2/${NAME}/manifests/${digest}`);
    await expect.poll(() => looks).toBeGreaterThan(looksBefore);
    worker.clock.nowMs += 1;
    worker.pullThrough.forget();
    release();
    held = undefined;
    expect((await asked).headers).not.toHaveProperty('x-accel-expires');
  });
});

interface Fixture {
  readonly worker: ServedWorker;
  readonly counts: () => Record<string, number>;
}

async function start(options: WorkerFixtureOptions = {}): Promise<Fixture> {
  const worker = await serveWorker(options);
  onTestFinished(() => worker.close());
  return { worker, counts: createCounts(worker.tally) };
}

function observed(
  { pullThrough }: ServedWorker,
  said: ReturnType<ObservableUpstream['observe']> = {},
): unknown {
  const upstream = { observe: () => said };
  const { gauges = [], detail } = observeWorker({ upstreamName: UPSTREAM_NAME, upstream, pullThrough });
  expect(gauges.every(({ labels }) => labels[0] === 'quay.io')).toBe(true);
  return { gauges: Object.fromEntries(gauges.map(({ metric, value }) => [metric, value])), detail };
}

/** A store on a disk that is full at one moment. */
function refusing(store: Store, refused: 'createFill' | 'publish' | 'putBlob'): Store {
  const full = async (): Promise<never> => {
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  };
  if (refused !== 'publish') return { ...store, [refused]: full };
  return {
    ...store,
    createFill: async (...args) => {
      const file = await store.createFill(...args);
      file.publish = full;
      return file;
    },
  };
}

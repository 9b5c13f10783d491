import { stat, writeFile } from 'node:fs/promises';
import type { CleanerDetail, Status, WorkerDetail } from '@registry-cache/control';
import { createTally } from '@registry-cache/runtime';
import { expect, test } from 'vitest';
import { observationOf, scriptedProcess } from './support/scripted-supervisor.ts';
import { startTestAdmin, type TestAdmin } from './support/start-test-admin.ts';

/** As soon as it is what `isExpected` says: looks are shared, and a quarter of a second old at most. */
async function statusWhen(admin: TestAdmin, isExpected: (status: Status) => boolean): Promise<Status> {
  let found: Status | undefined;
  await expect
    .poll(async () => {
      found = (await admin.control('GET', '/api/v1/status')).json() as Status;
      return isExpected(found);
    })
    .toBe(true);
  if (found === undefined) throw new Error('expected a status');
  return found;
}

const MEASURED: CleanerDetail = {
  measuredAtMs: 1_000,
  usedBytes: 500_000,
  blobs: 12,
  freeBytes: 9_000_000,
  pinnedBytes: 100_000,
  oldestAccessMs: 5_000,
};

test('the control socket is for its owner alone, and takes the place of one that was left behind', async () => {
  const admin = await startTestAdmin();
  const { mode } = await stat(admin.settings.controlSocketPath);
  expect(mode & 0o777).toBe(0o600);
  await admin.close();
  await writeFile(admin.settings.controlSocketPath, '');
  const { controlSocketPath } = admin.settings;
  const successor = await startTestAdmin({ controlSocketPath });
  expect((await successor.control('GET', '/api/v1/status')).status).toBe(200);
});

test('what a worker has counted is there when it sleeps, and when it has ended', async () => {
  const admin = await startTestAdmin();
  const worker = scriptedProcess({ id: 'worker quay.io', name: 'worker', upstream: 'quay.io' });
  admin.supervisor.processes.push(worker);
  worker.tally.add('upstream_bytes_total', ['quay.io'], 700);
  await statusWhen(admin, ({ traffic }) => traffic.upstreamBytes === 700);

  const lastWords = createTally();
  lastWords.add('upstream_bytes_total', ['quay.io'], 300);
  const { tally: _, ...description } = worker;
  admin.supervisor.departed.push({ ...description, observation: observationOf(lastWords) });
  admin.supervisor.processes.splice(0, 1, { ...worker, state: 'asleep' });

  const status = await statusWhen(admin, ({ traffic }) => traffic.upstreamBytes === 1_000);
  expect(status.upstreams).toMatchObject([
    { name: 'quay.io', state: 'idle', traffic: { upstreamBytes: 1_000 } },
  ]);
});

test('a hit is what no upstream had to send bytes for', async () => {
  const admin = await startTestAdmin();
  const proxy = scriptedProcess({ id: 'proxy', name: 'proxy' });
  admin.supervisor.processes.push(proxy);
  for (const outcome of ['hit', 'revalidated', 'stale', 'collapsed', 'miss']) {
    proxy.tally.add('requests_total', ['quay.io', 'blob', outcome, '200']);
  }
  proxy.tally.add('requests_total', ['quay.io', 'manifest', 'error', '404'], 10);
  proxy.tally.add('requests_total', ['quay.io', 'tags', 'forwarded', '200'], 10);
  const { traffic } = await statusWhen(admin, (status) => status.traffic.hitRatio !== undefined);
  expect(traffic.hitRatio).toBe(0.8);
  expect(traffic.requests).toEqual({ hit: 1, revalidated: 1, stale: 1, collapsed: 1, miss: 1, error: 10 });
});

test('the disk is what the cleaner has measured and what was filled since', async () => {
  const admin = await startTestAdmin();
  const cleaner = scriptedProcess({ id: 'cleaner', name: 'cleaner', observation: { detail: MEASURED } });
  const worker = scriptedProcess({ id: 'worker quay.io', name: 'worker', upstream: 'quay.io' });
  const before = await statusWhen(admin, () => true);
  expect(before.disk.usedBytes).toBeUndefined();

  admin.supervisor.processes.push(cleaner, worker);
  await statusWhen(admin, ({ disk }) => disk.usedBytes === 500_000);
  worker.tally.add('fill_bytes_total', ['quay.io'], 4_321);
  const { disk } = await statusWhen(admin, (status) => status.disk.usedBytes !== 500_000);
  expect(disk).toEqual({
    usedBytes: 504_321,
    blobs: 12,
    maxSizeBytes: 1_000_000,
    thresholdBytes: 1_200_000,
    pinnedBytes: 100_000,
    freeBytes: 9_000_000,
    measuredAtMs: 1_000,
  });
});

test('an upstream that is left alone says why, and what it has said of its limit outlives its worker', async () => {
  const admin = await startTestAdmin();
  const detail: WorkerDetail = {
    fills: [
      {
        repository: 'org/app',
        digest: 'sha256:ab',
        receivedBytes: 5,
        sizeBytes: 10,
        startedAtMs: 1,
        readers: 2,
      },
    ],
    outage: { state: 'limited', problem: 'it has answered 429', askedAgainAtMs: 99 },
    rateLimit: { remaining: 3, windowSeconds: 21_600, saidAtMs: Date.now() },
  };
  const worker = scriptedProcess({
    id: 'worker quay.io',
    name: 'worker',
    upstream: 'quay.io',
    observation: { detail },
  });
  admin.supervisor.processes.push(worker);
  const status = await statusWhen(admin, ({ upstreams }) => upstreams[0]?.state === 'limited');
  expect(status.upstreams).toMatchObject([
    { state: 'limited', problem: 'it has answered 429', askedAgainAtMs: 99, rateLimit: { remaining: 3 } },
  ]);
  expect(status.fills).toEqual([{ upstream: 'quay.io', ...detail.fills[0] }]);

  admin.supervisor.processes.splice(0, 1, { ...worker, state: 'asleep' });
  const asleep = await statusWhen(admin, ({ upstreams }) => upstreams[0]?.state === 'idle');
  expect(asleep.upstreams).toMatchObject([{ rateLimit: { remaining: 3 } }]);
  expect(asleep.fills).toEqual([]);
});

test('warnings and errors of all processes are told with their reason', async () => {
  const admin = await startTestAdmin();
  const time = '2026-01-02T03:04:05.000Z';
  admin.supervisor.lines.push(
    JSON.stringify({ level: 'info', time, process: 'proxy', msg: 'listening' }),
    JSON.stringify({
      level: 'warn',
      time,
      process: 'worker',
      upstream: 'quay.io',
      err: { message: 'no\nroute' },
      msg: 'request failed',
    }),
    'no JSON',
    JSON.stringify({
      level: 'warn',
      time,
      process: 'proxy',
      status: 503,
      path: '/v2/',
      msg: 'request failed',
    }),
    JSON.stringify({
      level: 'error',
      time,
      process: 'logger',
      reason: 'disk full',
      msg: 'access times are lost',
    }),
  );
  const { errors } = await statusWhen(admin, (status) => status.errors.length > 0);
  const atMs = Date.parse(time);
  expect(errors).toEqual([
    { atMs, level: 'warn', process: 'worker quay.io', message: 'request failed', reason: 'no route' },
    { atMs, level: 'warn', process: 'proxy', message: 'request failed', reason: 'status=503 path=/v2/' },
    { atMs, level: 'error', process: 'logger', message: 'access times are lost', reason: 'disk full' },
  ]);
});

test('a supervisor that does not answer leaves what was known, and a problem', async () => {
  const admin = await startTestAdmin();
  admin.supervisor.processes.push(scriptedProcess({ id: 'proxy', name: 'proxy' }));
  await statusWhen(admin, ({ processes }) => processes.length === 1);
  admin.supervisor.failure = new Error('no answer');
  await expect.poll(async () => (await admin.debug('GET', '/readyz')).text).toContain('no answer');
  const status = (await admin.control('GET', '/api/v1/status')).json() as Status;
  expect(status.processes).toMatchObject([{ id: 'proxy' }]);
  expect(admin.logged.filter(({ msg }) => msg === 'processes could not be observed')).toHaveLength(1);
});

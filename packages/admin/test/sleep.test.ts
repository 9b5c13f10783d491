import type { CleanerDetail, Status, WorkerDetail } from '@registry-cache/control';
import { expect, test } from 'vitest';
import { scriptedProcess } from './support/scripted-supervisor.ts';
import { startTestAdmin, type TestAdmin } from './support/start-test-admin.ts';

async function statusOf(admin: TestAdmin): Promise<Status> {
  return (await admin.control('GET', '/api/v1/status')).json() as Status;
}

test('what was counted in one life is there in the next', async () => {
  const detail: WorkerDetail = { fills: [], rateLimit: { remaining: 7, saidAtMs: Date.now() } };
  const disk: CleanerDetail = { measuredAtMs: 1, usedBytes: 500, blobs: 1, freeBytes: 1, pinnedBytes: 0 };
  const worker = scriptedProcess({
    id: 'worker quay.io',
    name: 'worker',
    upstream: 'quay.io',
    observation: { detail },
  });
  const cleaner = scriptedProcess({ id: 'cleaner', name: 'cleaner', observation: { detail: disk } });

  const first = await startTestAdmin({ idleTimeoutMs: 1 });
  first.supervisor.processes.push(worker, cleaner);
  await expect.poll(async () => (await statusOf(first)).disk.usedBytes).toBe(500);
  worker.tally.add('fill_bytes_total', ['quay.io'], 30);
  worker.tally.add('saved_bytes_total', ['quay.io'], 1_000);
  await expect.poll(async () => (await statusOf(first)).traffic.savedBytes).toBe(1_000);
  await expect.poll(() => first.idle).toBe(true);
  const lastWords = await first.fallAsleep();
  if (lastWords === undefined) throw new Error('expected last words');

  const second = await startTestAdmin();
  second.supervisor.processes.push({ ...worker, state: 'asleep' }, cleaner);
  second.supervisor.departed.push(structuredClone(lastWords));
  await expect.poll(async () => (await statusOf(second)).traffic.savedBytes).toBe(1_000);
  const { disk: known, upstreams, startedAtMs } = await statusOf(second);
  expect(known.usedBytes).toBe(530);
  expect(upstreams).toMatchObject([{ rateLimit: { remaining: 7 } }]);
  expect(startedAtMs).toBe(1_000);
});

test('one that serves a debug address never says that it is idle', async () => {
  const admin = await startTestAdmin({ idleTimeoutMs: 0 });
  await statusOf(admin);
  expect(await admin.fallAsleep()).toBeUndefined();
  expect(admin.idle).toBe(false);
});

test('asked a moment ago, it does not fall asleep', async () => {
  const admin = await startTestAdmin({ idleTimeoutMs: 600_000 });
  await statusOf(admin);
  expect(await admin.fallAsleep()).toBeUndefined();
  expect((await statusOf(admin)).version).toBe('1.2.3');
});

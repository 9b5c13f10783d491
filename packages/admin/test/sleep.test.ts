import type { CleanerDetail, History, Status, WorkerDetail } from '@registry-cache/control';
import { createTally } from '@registry-cache/runtime';
import { expect, test } from 'vitest';
import type { AdminMemory } from '../src/observation/observatory.ts';
import { createScriptedSupervisor, observationOf, scriptedProcess } from './support/scripted-supervisor.ts';
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

test('what is being told while it falls asleep is told the next life', async () => {
  const worker = scriptedProcess({ id: 'worker quay.io', name: 'worker', upstream: 'quay.io' });
  worker.tally.add('saved_bytes_total', ['quay.io'], 1_000);
  const supervisor = createScriptedSupervisor();
  supervisor.processes.push(worker);
  const { ask } = supervisor;
  let tell = (): void => {};
  const toldLate = new Promise<void>((resolve) => (tell = resolve));
  supervisor.ask = async (question) => {
    const answer = await ask(question);
    await toldLate;
    return answer;
  };
  const admin = await startTestAdmin({ idleTimeoutMs: 1 }, supervisor);
  await expect.poll(() => admin.idle).toBe(true);
  const asleep = admin.fallAsleep();
  tell();
  expect((await asleep)?.observation?.detail).toMatchObject({
    increments: expect.arrayContaining([
      { series: 'saved_bytes_total', labels: ['quay.io'], by: 1_000 },
    ]) as unknown,
  });
});

test('what a former life has counted did not happen in the minute in which the next begins', async () => {
  const observed = { series: 'saved_bytes_total', labels: ['quay.io'], by: 1_000 };
  const disk = { measured: undefined, filledBytes: 0, removals: [] };
  const detail: AdminMemory = { increments: [observed], disk, rateLimits: [] };
  const supervisor = createScriptedSupervisor();
  const observation = observationOf(createTally(), { detail });
  supervisor.departed.push({ id: 'admin', name: 'admin', state: 'asleep', restarts: 0, observation });
  const admin = await startTestAdmin({ idleTimeoutMs: 0 }, supervisor);
  await expect.poll(async () => (await statusOf(admin)).traffic.savedBytes).toBe(1_000);
  const { points } = (await admin.control('GET', '/api/v1/history?range=day')).json() as History;
  expect(points.map(({ savedBytes }) => savedBytes).filter((bytes) => bytes > 0)).toEqual([]);
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

import { fork, type ChildProcess } from 'node:child_process';
import { on, once } from 'node:events';
import type { CleanerProcessSettings } from '@registry-cache/config';
import {
  entryPoint,
  type AnswerMessage,
  type ChildQuestion,
  type MessageToSupervisor,
} from '@registry-cache/runtime';
import { expect, onTestFinished, test } from 'vitest';
import { createStoreFolder, HOUR_MS, type StoreFolder } from '../../store/test/support/store-folder.ts';

function settingsOf(store: StoreFolder, maxSizeBytes: number): CleanerProcessSettings {
  return {
    logLevel: 'info',
    rootDirectory: store.rootDirectory,
    cleaner: { maxSizeBytes, thresholdPercentage: 0, runEveryMs: HOUR_MS, pins: [] },
  };
}

function startProcess(settings: CleanerProcessSettings): ChildProcess {
  const child = fork(entryPoint('cleaner'), { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.send({ type: 'start', settings });
  return child;
}

/** Resolves with the next line that has the message. */
async function nextLine(child: ChildProcess, message: string): Promise<unknown> {
  for await (const chunk of child.stdout?.iterator({ destroyOnReturn: false }) ?? []) {
    const line = String(chunk)
      .split('\n')
      .find((text) => text.includes(`"msg":"${message}"`));
    if (line !== undefined) return JSON.parse(line);
  }
  throw new Error(`the process ended before it logged ${message}`);
}

let asked = 0;

/** Resolves with the process's answer, whatever else it says meanwhile. */
async function ask(child: ChildProcess, question: ChildQuestion): Promise<AnswerMessage> {
  const number = ++asked;
  child.send({ type: 'ask', number, question });
  for await (const [message] of on(child, 'message')) {
    const said = message as MessageToSupervisor;
    if (said.type === 'answer' && said.number === number) return said;
  }
  throw new Error('the process ended before it answered');
}

test('a dry run by hand reports and ends', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('hello', { accessedAtMs: 1_000_000 });
  const child = startProcess({ ...settingsOf(store, 0), once: { dryRun: true } });
  const exit = once(child, 'exit');

  const [message] = await once(child, 'message');

  expect(message).toMatchObject({
    type: 'report',
    report: { dryRun: true, evicted: { count: 1, bytes: 5 } },
  });
  expect(await exit).toEqual([0, null]);
  expect(await store.hasBlob(digest)).toBe(true);
});

test('a pass by hand evicts, reports and ends', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('hello', { accessedAtMs: 1_000_000 });
  const child = startProcess({ ...settingsOf(store, 0), once: { dryRun: false } });
  const exit = once(child, 'exit');

  const [message] = await once(child, 'message');

  expect(message).toMatchObject({ type: 'report', report: { usedBytesBefore: 5, usedBytesAfter: 0 } });
  expect(await exit).toEqual([0, null]);
  expect(await store.hasBlob(digest)).toBe(false);
});

test('a full disk starts a pass at once, which makes room', async () => {
  const store = await createStoreFolder();
  const old = await store.writeBlob('old', { accessedAtMs: 1_000_000 });
  const recent = await store.writeBlob('recent', { accessedAtMs: 2_000_000 });
  const child = startProcess(settingsOf(store, 1_000));
  await once(child, 'message');

  child.send({ type: 'make-room' });
  expect(await nextLine(child, 'evicted')).toMatchObject({ count: 1, bytes: 3, usedBytes: 6 });

  expect([await store.hasBlob(old), await store.hasBlob(recent)]).toEqual([false, true]);
});

test('a changed time to live starts a pass at once', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('hello', { accessedAtMs: 1_000_000 });
  const settings = settingsOf(store, 1_000);
  const child = startProcess(settings);
  await once(child, 'message');

  const expiry = { blobTtlMs: HOUR_MS, from: 'fetched' as const };
  child.send({ type: 'reload', settings: { ...settings, cleaner: { ...settings.cleaner, expiry } } });
  expect(await nextLine(child, 'expired')).toMatchObject({ ...expiry, blobs: 1, bytes: 5 });

  expect(await store.hasBlob(digest)).toBe(false);
});

test('a changed limit starts a pass at once, and SIGTERM ends the process', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('hello', { accessedAtMs: 1_000_000 });
  const child = startProcess(settingsOf(store, 1_000));
  const exit = once(child, 'exit');
  expect(await once(child, 'message')).toEqual([{ type: 'ready' }, undefined]);

  child.send({ type: 'reload', settings: settingsOf(store, 1) });
  expect(await nextLine(child, 'evicted')).toMatchObject({ process: 'cleaner', count: 1, usedBytes: 0 });

  expect(await store.hasBlob(digest)).toBe(false);
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
});

test('whoever asks for a pass gets one at once, and its report', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('hello', { accessedAtMs: 1_000_000 });
  const child = startProcess(settingsOf(store, 0));
  await once(child, 'message');

  expect(await ask(child, { kind: 'clean', dryRun: true })).toMatchObject({
    answer: { dryRun: true, evicted: { count: 1, bytes: 5 } },
  });
  expect(await store.hasBlob(digest)).toBe(true);

  expect(await ask(child, { kind: 'clean', dryRun: false })).toMatchObject({
    answer: { dryRun: false, evicted: { count: 1, bytes: 5 } },
  });
  expect(await store.hasBlob(digest)).toBe(false);
});

test('whoever asks for a pass that fails is told why', async () => {
  const store = await createStoreFolder();
  await store.writeFile('registry-cache/pins.json', 'broken');
  const child = startProcess(settingsOf(store, 0));
  await once(child, 'message');

  expect(await ask(child, { kind: 'clean', dryRun: false })).toMatchObject({
    problem: expect.stringContaining('pins.json holds something else'),
  });
});

test('a pass is observed with what it has removed, a dry run is not', async () => {
  const store = await createStoreFolder();
  await store.writeBlob('hello', { accessedAtMs: 1_000_000 });
  await store.writeBlob('hi', { accessedAtMs: 2_000_000 });
  const child = startProcess(settingsOf(store, 2));
  await once(child, 'message');

  await ask(child, { kind: 'clean', dryRun: true });
  expect(await ask(child, { kind: 'observe' })).toMatchObject({ answer: { increments: [] } });

  await ask(child, { kind: 'clean', dryRun: false });
  expect(await ask(child, { kind: 'observe' })).toMatchObject({
    answer: {
      increments: [
        { series: 'evicted_blobs_total', by: 1 },
        { series: 'evicted_bytes_total', by: 5 },
        { series: 'cleaner_passes_total', labels: ['done'], by: 1 },
      ],
      detail: { usedBytes: 2, blobs: 1, pinnedBytes: 0, oldestAccessMs: 2_000_000 },
    },
  });
});

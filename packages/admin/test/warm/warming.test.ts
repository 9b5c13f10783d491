import type { AdminSettings } from '@registry-cache/config';
import type { WarmRequest } from '@registry-cache/control';
import { createLog } from '@registry-cache/runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWarming } from '../../src/warm/create-warming.ts';
import type { Warming } from '../../src/warming.ts';
import { createScriptedWorker, type ScriptedWorker } from './support/scripted-worker.ts';
import { upstreamAt } from './support/warm-fixture.ts';

const { signal } = new AbortController();
const log = createLog({ level: 'error', fields: {}, destination: { write: () => {} } });
const REQUEST: WarmRequest = { images: ['quay.io/org/app:1.0'], concurrency: 1 };

let worker: ScriptedWorker;
let settings: AdminSettings;
let warming: Warming;

beforeEach(async () => {
  worker = await createScriptedWorker();
  await worker.listen();
  settings = {
    logLevel: 'info',
    rootDirectory: worker.socketPath,
    controlSocketPath: '',
    dashboardSocketPath: '',
    idleTimeoutMs: 0,
    version: '1',
    address: '',
    upstreams: [upstreamAt('quay.io', worker.socketPath, { default: true })],
    cleaner: { maxSizeBytes: 1, thresholdPercentage: 1, runEveryMs: 1, pins: [] },
    warm: { rules: [], concurrency: 1 },
  };
  warming = createWarming({ settings, log, wake: () => {}, now: () => 0 });
});
afterEach(async () => {
  await warming.close();
  await worker.close();
});

test.each<[string, Partial<WarmRequest>, RegExp]>([
  ['no image', { images: [] }, /nothing to warm/],
  ['a name that is none', { images: ['quay.io/ORG'] }, /invalid image name "quay\.io\/ORG"/],
  ['a tag that is neither tag nor pattern', { images: ['quay.io/org/app:1 0'] }, /invalid/],
  ['a pattern that takes for ever', { images: ['app:*1*1*1*1*1*'] }, /more than 4 of \* and groups/],
  ['a platform that is none', { platforms: ['linux'] }, /is no platform/],
  ['nothing at a time', { concurrency: 0 }, /expected 1 to 64 images at a time/],
  ['nothing in a second', { bytesPerSecond: 0 }, /expected 1 or more/],
])('%s is refused before anything begins', (_what, changes, message) => {
  expect(() => warming.run({ ...REQUEST, ...changes }, signal)).toThrow(
    expect.objectContaining({ code: 'INVALID', message: expect.stringMatching(message) }),
  );
  expect(worker.asked).toEqual([]);
});

test('a job is told of as it goes, and is no job any more when it has ended', async () => {
  let goOn = (): void => {};
  worker.answers.set('/v2/org/app/manifests/1.0', (res) => (goOn = () => res.writeHead(404).end()));
  const events = warming.run(REQUEST, signal);
  expect((await events.next()).value).toEqual({ type: 'started', image: 'quay.io/org/app:1.0' });
  expect(warming.jobs()).toEqual([
    { image: 'quay.io/org/app:1.0', state: 'running', bytesDone: 0, bytesTotal: 0 },
  ]);
  const failed = events.next();
  await expect.poll(() => worker.asked).toHaveLength(1);
  goOn();
  expect((await failed).value).toMatchObject({ type: 'failed', problem: 'the upstream has no such image' });
  expect((await events.next()).done).toBe(true);
  expect(warming.jobs()).toEqual([]);
});

test('a short name is one of the default upstream', async () => {
  const events = warming.run({ ...REQUEST, images: ['org/app'] }, signal);
  expect((await events.next()).value).toEqual({ type: 'started', image: 'quay.io/org/app:latest' });
  await events.return(undefined);
});

test('of an upstream with two connections, a blob does not hold the one for blobs for as long as a limit has it', async () => {
  const image = (name: string): void => {
    const config = worker.putBlob(name, Buffer.from(name));
    worker.putManifest(name, { schemaVersion: 2, config: { digest: config, size: name.length } }, '1.0');
  };
  image('org/few');
  image('org/many');
  const pacedAt = async (maxConnections: number, name: string): Promise<boolean> => {
    warming.reload({
      ...settings,
      upstreams: [upstreamAt('quay.io', worker.socketPath, { maxConnections })],
    });
    const leaving = new AbortController();
    const request = { ...REQUEST, images: [`quay.io/${name}:1.0`], bytesPerSecond: 1_000_000 };
    const events = warming.run(request, leaving.signal);
    void (async () => {
      for await (const event of events) if (event.type === 'failed') return;
    })().catch(() => {});
    const asked = (): number => worker.asked.findIndex((path) => path.startsWith(`/v2/${name}/blobs/`));
    await expect.poll(asked).not.toBe(-1);
    leaving.abort();
    return worker.headers[asked()]?.['x-registry-cache-paced'] === '1';
  };
  expect(await pacedAt(2, 'org/few')).toBe(false);
  expect(await pacedAt(3, 'org/many')).toBe(true);
});

test('closing ends jobs that run', async () => {
  worker.answers.set('/v2/org/app/manifests/1.0', () => {});
  const events = warming.run(REQUEST, signal);
  await events.next();
  const next = events.next();
  await Promise.all([expect(next).rejects.toThrow(), warming.close()]);
});

test('a rule begins within its time, and a reload that drops it ends it', async () => {
  const rule = {
    repository: 'quay.io/org/app',
    select: { kind: 'tags', patterns: ['1.0'] },
    everyMs: 10,
  } as const;
  warming.reload({ ...settings, warm: { rules: [rule], concurrency: 1 } });
  await expect.poll(() => worker.asked.length).toBeGreaterThan(1);
  expect(warming.jobs()).toEqual([expect.objectContaining({ image: 'quay.io/org/app:1.0' })]);
  warming.reload(settings);
  expect(warming.jobs()).toEqual([]);
});

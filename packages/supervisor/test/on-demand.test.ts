import type { WorkerSettings } from '@registry-cache/config';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createFleet, type Fleet } from '../src/fleet.ts';
import { planProcesses, type PlannedProcess, type ProcessPlan } from '../src/process-plan.ts';
import { createFakeChildren, type FakeChildren } from './support/fake-children.ts';
import { createLogFile, type LogFile } from './support/log-file.ts';
import { settingsIn, SOME_IDENTITY } from './support/settings.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { until } from './support/until.ts';

vi.setConfig({ testTimeout: 30_000 });

interface SleepingWorker {
  readonly fleet: Fleet;
  readonly worker: PlannedProcess;
  readonly children: FakeChildren;
  readonly log: LogFile;
  readonly signal: AbortSignal;
  readonly events: () => string[];
  /** As the proxy does that has a request for it. */
  readonly wake: () => void;
  /** The worker says that it is idle. */
  readonly tire: () => void;
}

const ID = 'worker quay.io';

/** A worker that was not needed yet, and a proxy that may need it. */
async function startSleepingWorker(): Promise<SleepingWorker> {
  const folder = await temporaryFolder();
  const children = createFakeChildren(folder);
  const log = createLogFile(folder);
  const { entryPoint } = children;
  const { destination } = log;
  const fleet = createFleet({
    entryPoint,
    environment: {},
    recentLines: () => [],
    destination,
    log: log.log,
    readyTimeoutMs: 20_000,
  });
  onTestFinished(async () => {
    fleet.kill();
    await Promise.all(fleet.ids().map((id) => fleet.stop(id, 0)));
  });
  const plan = planProcesses(settingsIn(folder, { workers: { idleTimeoutMs: 1000 } }), SOME_IDENTITY);
  const worker = workerOf(plan);
  const { signal } = new AbortController();
  expect(await fleet.start(worker, signal)).toBe(true);
  expect(await fleet.start(plan.proxies[0], signal)).toBe(true);
  return {
    fleet,
    worker,
    children,
    log,
    signal,
    events: () =>
      children
        .entries()
        .filter(({ process }) => process === ID)
        .map(({ event }) => event),
    wake: () => children.say('proxy', { type: 'wake', socketPath: worker.socketPath }),
    tire: () => children.say(ID, { type: 'idle' }),
  };
}

async function startWokenWorker(): Promise<SleepingWorker> {
  const sleeping = await startSleepingWorker();
  sleeping.wake();
  await until('it is ready', () =>
    sleeping.log.lines().some(({ msg, child }) => msg === 'process ready' && child === 'worker'),
  );
  return sleeping;
}

test('a process on demand does not run before it is needed', async () => {
  const { children, fleet } = await startSleepingWorker();
  expect(children.entries().map(({ process }) => process)).toEqual(['proxy']);
  expect(fleet.ids()).toEqual([ID, 'proxy']);
});

test('it is started when somebody asks for it, and again when it has slept meanwhile', async () => {
  const { events, tire, wake, log } = await startWokenWorker();
  tire();
  await until('it sleeps', () => log.text().includes('sleeps until it is needed'));
  wake();
  await until('it is back', () => events().length === 4);
  expect(events()).toEqual(['started', 'told to sleep', 'slept', 'started']);
  expect(log.lines().filter(({ level }) => level === 'error')).toEqual([]);
});

test('it is started right after its end when somebody asks for it while it ends', async () => {
  const { events, tire, children, log } = await startWokenWorker();
  children.hold(ID);
  tire();
  await until('it ends', () => events().includes('told to sleep'));
  const socketPath = children.entries().at(-1)?.settings['socketPath'];
  children.say('proxy', { type: 'wake', socketPath }, { type: 'pong' }, { type: 'disk-full' });
  await until('its supervisor knows', () => log.text().includes('disk of the data directory is full'));
  children.release(ID);
  await until('it is back', () => events().at(-1) === 'started');
  expect(events()).toEqual(['started', 'told to sleep', 'slept', 'started']);
  expect(log.text()).not.toContain('sleeps until it is needed');
});

test('one that is busy after all stays', async () => {
  const { fleet, worker, children, events, tire, signal } = await startSleepingWorker();
  children.replace(
    'worker',
    `process.on('message', ({ type }) => {
       if (type === 'start') process.send({ type: 'ready' });
       if (type === 'start') process.send({ type: 'idle' });
       if (type === 'sleep') process.send({ type: 'busy' });
       if (type === 'reload') process.send({ type: 'reloaded' });
     });
     process.on('disconnect', () => process.exit());`,
  );
  children.say('proxy', { type: 'wake', socketPath: worker.socketPath });
  expect(await until('it runs', () => fleet.reload(withUrl(worker, 'https://other'), signal))).toBe(true);
  tire();
  expect(events()).toEqual([]);
});

test('one that does not end is killed and started again', { timeout: 40_000 }, async () => {
  const { children, events, tire, log } = await startWokenWorker();
  children.hold(ID);
  tire();
  await until('it is told to', () => events().includes('told to sleep'));
  const [{ pid } = { pid: 0 }] = children.entries().filter(({ process }) => process === ID);
  await until('another one runs', () =>
    children.entries().some((entry) => entry.process === ID && entry.pid !== pid),
  );
  expect(log.text()).toContain('process is idle and does not end, killing it');
});

test('settings that change while it sleeps count at its next start', async () => {
  const { fleet, worker, children, events, wake, signal } = await startSleepingWorker();
  expect(await fleet.reload(withUrl(worker, 'https://other'), signal)).toBe(true);
  expect(events()).toEqual([]);
  wake();
  const { settings } = await until('it runs', () => children.entries().find(({ process }) => process === ID));
  expect(settings).toMatchObject({ upstream: { url: 'https://other' } });
});

test('settings that change while it falls asleep are in effect once it does', async () => {
  const { fleet, worker, children, events, tire, signal } = await startWokenWorker();
  children.hold(ID);
  tire();
  await until('it ends', () => events().includes('told to sleep'));
  const reloaded = fleet.reload(withUrl(worker, 'https://other'), signal);
  children.release(ID);
  expect(await reloaded).toBe(true);
});

test('a reload that lets no process sleep starts those that do', async () => {
  const { fleet, worker, events, signal } = await startSleepingWorker();
  expect(await fleet.reload({ ...worker, onDemand: false }, signal)).toBe(true);
  expect(events()).toEqual(['started']);
});

test('one that sleeps is stopped without being started', async () => {
  const { fleet, events } = await startSleepingWorker();
  expect(await fleet.stop(ID, 20_000)).toBe(true);
  expect(fleet.ids()).toEqual(['proxy']);
  expect(events()).toEqual([]);
});

test('one that is told to stop while it falls asleep ends once', async () => {
  const { fleet, children, events, tire } = await startWokenWorker();
  children.hold(ID);
  tire();
  await until('it ends', () => events().includes('told to sleep'));
  const stopped = fleet.stop(ID, 20_000);
  children.release(ID);
  expect(await stopped).toBe(true);
  expect(events().filter((event) => event === 'started')).toHaveLength(1);
});

test('one that is needed while the cache drains is still started', async () => {
  const { fleet, events, wake } = await startSleepingWorker();
  fleet.allowToEnd();
  wake();
  await until('it runs', () => events().includes('started'));
});

test('one that crashes comes back by itself, and no sooner for being asked for', async () => {
  const { children, worker, log } = await startSleepingWorker();
  children.replace('worker', `process.exit(1);`);
  const wakes = Array.from({ length: 200 }, () => ({ type: 'wake', socketPath: worker.socketPath }));
  children.say('proxy', ...wakes);
  const ended = (): ReturnType<LogFile['lines']> =>
    log.lines().filter(({ msg }) => msg === 'process ended, starting it again');
  await until('it has crashed twice', () => ended().length >= 2);
  children.say('proxy', ...wakes);
  await until('it has crashed again', () => ended().length >= 4);
  const delays = ended().map(({ restartInMs }) => Number(restartInMs));
  const times = ended().map(({ time }) => Date.parse(String(time)));
  for (const [index, delayMs] of delays.slice(0, 3).entries()) {
    // A timer may be a millisecond early by the wall clock.
    expect((times[index + 1] ?? 0) - (times[index] ?? 0)).toBeGreaterThanOrEqual(delayMs - 2);
  }
});

function workerOf({ workers: [first] }: ProcessPlan): PlannedProcess {
  if (first === undefined) throw new Error('the plan has no worker');
  return first;
}

function withUrl(worker: PlannedProcess, url: string): PlannedProcess {
  const settings = worker.settings as WorkerSettings;
  return { ...worker, settings: { ...settings, upstream: { ...settings.upstream, url } } };
}

import { createServer } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createFleet, type Fleet } from '../src/fleet.ts';
import { planProcesses, type PlannedProcess, type ProcessPlan } from '../src/process-plan.ts';
import { createFakeChildren, type FakeChildren } from './support/fake-children.ts';
import { createLogFile, type LogFile } from './support/log-file.ts';
import { settingsIn, SOME_IDENTITY } from './support/settings.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { until } from './support/until.ts';

vi.setConfig({ testTimeout: 30_000 });

const READY = `
  process.on('message', ({ type }) => process.send({ type: type === 'start' ? 'ready' : 'reloaded' }));
  process.on('disconnect', () => process.exit());`;

interface TestFleet {
  readonly fleet: Fleet;
  readonly plan: ProcessPlan;
  readonly children: FakeChildren;
  readonly log: LogFile;
  readonly signal: AbortSignal;
}

async function createTestFleet({ readyTimeoutMs = 20_000, heartbeatMs = 10_000 } = {}): Promise<TestFleet> {
  const folder = await temporaryFolder();
  const children = createFakeChildren(folder);
  const log = createLogFile(folder);
  const fleet = createFleet({
    entryPoint: children.entryPoint,
    environment: {},
    destination: log.destination,
    recentLines: () => [{ number: 7, line: '{}' }],
    log: log.log,
    readyTimeoutMs,
    heartbeatMs,
  });
  onTestFinished(async () => {
    fleet.kill();
    await Promise.all(fleet.ids().map((id) => fleet.stop(id, 0)));
  });
  return {
    fleet,
    plan: planProcesses(settingsIn(folder), SOME_IDENTITY),
    children,
    log,
    signal: new AbortController().signal,
  };
}

test('a process that is killed comes back, each time', async () => {
  const { fleet, plan, children, log, signal } = await createTestFleet();
  expect(await fleet.start(plan.proxies[0], signal)).toBe(true);
  for (const life of [1, 2, 3]) {
    const entry = await until(`life ${life} has begun`, () => children.entries()[life - 1]);
    process.kill(entry.pid, 'SIGKILL');
  }
  const last = await until('it is back', () => children.entries()[3]);
  expect(last).toMatchObject({ event: 'started', process: 'proxy' });
  const ended = log.lines().filter(({ msg }) => msg === 'process ended, starting it again');
  expect(ended[0]).toMatchObject({ child: 'proxy', signal: 'SIGKILL' });
});

test('a process starts where PATH is not set', async () => {
  vi.stubEnv('PATH', undefined);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { fleet, plan, signal } = await createTestFleet();
  expect(await fleet.start(plan.proxies[0], signal)).toBe(true);
});

test('a process that crashes tells why', async () => {
  const { fleet, plan, children, log, signal } = await createTestFleet();
  children.replace('logger', `throw new Error('no such luck');`);
  expect(await fleet.start(plan.logger, signal)).toBe(false);
  const line = await until('it is logged', () =>
    log.lines().find(({ msg }) => msg === 'process ended, starting it again'),
  );
  expect(line).toMatchObject({ child: 'logger', exitCode: 1 });
  expect(String(line['stderrTail'])).toContain('no such luck');
  expect(log.lines()).toContainEqual(
    expect.objectContaining({ process: 'logger', line: 'Error: no such luck' }),
  );
});

test('a process that cannot start is tried again until it can', async () => {
  const { fleet, plan, children, log, signal } = await createTestFleet();
  children.replace('cleaner', `process.exit(78);`);
  const started = fleet.start(plan.cleaner, signal);
  await until('it has failed', () => log.lines().some(({ exitCode }) => exitCode === 78));
  children.replace('cleaner', READY);
  await started;
  const changed = { ...plan.cleaner, settings: { ...plan.cleaner.settings, logLevel: 'error' as const } };
  expect(await fleet.reload(changed, signal)).toBe(true);
});

test('a process that does not get ready is killed and tried again', async () => {
  const { fleet, plan, children, log, signal } = await createTestFleet({ readyTimeoutMs: 500 });
  children.replace('proxy', `process.on('message', () => {}); process.on('SIGTERM', () => {});`);
  expect(await fleet.start(plan.proxies[0], signal)).toBe(false);
  await until('it is killed', () =>
    log.lines().some(({ msg, signal: by }) => msg === 'process ended, starting it again' && by === 'SIGKILL'),
  );
});

test('a process that lives and hangs is killed and comes back', async () => {
  const { fleet, plan, children, log, signal } = await createTestFleet({ heartbeatMs: 200 });
  await fleet.start(worker(plan), signal);
  const hung = await until('it runs', () => children.entries()[0]);
  process.kill(hung.pid, 'SIGSTOP');
  await until('another one runs', () => children.entries().some(({ pid }) => pid !== hung.pid));
  const line = await until('it is logged', () =>
    log.lines().find(({ msg }) => msg === 'process lives and does not answer, killing it'),
  );
  expect(line).toMatchObject({ child: 'worker' });
});

test('a full disk that a worker reports makes the cleaner make room, and is logged once', async () => {
  const { fleet, plan, children, log, signal } = await createTestFleet();
  children.replace(
    'worker',
    `process.on('message', () => {
       for (let i = 0; i < 3; i++) process.send({ type: 'disk-full' });
       process.send({ type: 'ready' });
     });
     process.on('disconnect', () => process.exit());`,
  );
  await fleet.start(plan.cleaner, signal);
  await fleet.start(worker(plan), signal);
  await until('the cleaner is told', () => children.entries().some(({ event }) => event === 'makes room'));
  expect(children.entries().map(({ event }) => event)).toEqual(['started', 'makes room']);
  const warnings = (): ReturnType<LogFile['lines']> => log.lines().filter(({ level }) => level === 'warn');
  await until('it is logged', () => warnings().length > 0);
  expect(warnings()).toEqual([
    expect.objectContaining({
      reporter: 'worker quay.io',
      msg: expect.stringContaining('disk of the data directory is full') as string,
    }),
  ]);
});

test('a reload changes how much is logged about a process, and in its name', async () => {
  const { fleet, plan, children, log, signal } = await createTestFleet();
  children.replace(
    'proxy',
    `process.on('message', ({ type }) => {
       if (type === 'start') process.stderr.write('first words\\n');
       else process.stderr.write('last words\\n', () => process.exit(1));
       process.send({ type: 'ready' });
     });
     process.on('disconnect', () => process.exit());`,
  );
  await fleet.start(plan.proxies[0], signal);
  await until('it has spoken', () => log.text().includes('first words'));
  await fleet.reload(
    { ...plan.proxies[0], settings: { ...plan.proxies[0].settings, logLevel: 'error' } },
    signal,
  );
  const ended = await until('it has ended', () => log.lines().find(({ exitCode }) => exitCode === 1));
  expect(ended['stderrTail']).toEqual(['first words', 'last words']);
  expect(log.lines().filter(({ line }) => line === 'last words')).toEqual([]);
});

test('a process that does not end in time is killed', async () => {
  const { fleet, plan, children, signal } = await createTestFleet();
  await fleet.start(plan.proxies[0], signal);
  children.hold('proxy');
  expect(await fleet.stop('proxy', 200)).toBe(false);
  expect(fleet.ids()).toEqual([]);
  expect(children.entries().map(({ event }) => event)).toEqual(['started', 'stopping']);
});

test('a process that has closed its channel is sent nothing, and killed in the end', async () => {
  const { fleet, plan, children, log, signal } = await createTestFleet({ heartbeatMs: 200 });
  children.replace(
    'proxy',
    `process.on('message', () => process.send({ type: 'ready' }, () => process.disconnect()));
     setInterval(() => {}, 1000);`,
  );
  await fleet.start(plan.proxies[0], signal);
  children.replace('proxy', READY);
  await until('it is killed', () =>
    log.lines().some(({ msg }) => msg === 'process lives and does not answer, killing it'),
  );
  const changed = { ...plan.proxies[0].settings, logLevel: 'error' as const };
  expect(await fleet.reload({ ...plan.proxies[0], settings: changed }, signal)).toBe(true);
});

test('a process that ends when it is asked to stays away', async () => {
  const { fleet, plan, children, signal } = await createTestFleet();
  await fleet.start(plan.proxies[0], signal);
  expect(await fleet.stop('proxy', 20_000)).toBe(true);
  expect(children.entries().map(({ event }) => event)).toEqual(['started', 'stopping', 'stopped']);
});

test('a process that was killed before it could confirm its settings starts by them', async () => {
  const { fleet, plan, children, signal } = await createTestFleet();
  children.replace(
    'proxy',
    `process.on('message', ({ type, settings }) => {
       if (type === 'reload') process.kill(process.pid, 'SIGKILL');
       process.send({ type: 'ready' });
     });
     process.on('disconnect', () => process.exit());`,
  );
  await fleet.start(plan.proxies[0], signal);
  const changed = {
    ...plan.proxies[0],
    settings: { ...plan.proxies[0].settings, logLevel: 'error' as const },
  };
  expect(await fleet.reload(changed, signal)).toBe(true);
});

test('the socket that a killed process left is removed before its next start', async () => {
  const { fleet, plan, children, signal } = await createTestFleet();
  const folder = children.entryPoint('logger').replace(/\/[^/]*$/, '');
  const socketPath = `${folder}/l.sock`;
  children.replace(
    'logger',
    `import { createServer } from 'node:net';
     process.on('message', ({ settings }) =>
       createServer().listen(settings.socketPath, () => process.send({ type: 'ready', pid: process.pid })));
     process.on('disconnect', () => process.exit());
     process.on('SIGTERM', () => process.kill(process.pid, 'SIGKILL'));`,
  );
  const planned = { ...plan.logger, socketPath, settings: { ...plan.logger.settings, socketPath } };
  expect(await fleet.start(planned, signal)).toBe(true);
  await fleet.stop('logger', 20_000);
  await expect(listenOn(socketPath)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(await fleet.start(planned, signal)).toBe(true);
});

test('a process waits for its predecessor of the same name to finish', async () => {
  const { fleet, plan, children, signal } = await createTestFleet();
  await fleet.start(plan.proxies[0], signal);
  children.hold('proxy');
  void fleet.stop('proxy', 20_000);
  const started = fleet.start(plan.proxies[0], signal);
  await until('the first is stopping', () => children.entries().some(({ event }) => event === 'stopping'));
  children.release('proxy');
  expect(await started).toBe(true);
  expect(children.entries().map(({ event }) => event)).toEqual(['started', 'stopping', 'stopped', 'started']);
});

test('output that nobody takes keeps no process from coming back', async () => {
  const folder = await temporaryFolder();
  const children = createFakeChildren(folder);
  const { log } = createLogFile(folder);
  const never = new Promise<void>(() => {});
  const destination = { write: () => {}, drained: () => never, flush: () => {} };
  const entryPoint = children.entryPoint;
  const fleet = createFleet({
    entryPoint,
    environment: {},
    destination,
    recentLines: () => [],
    log,
    readyTimeoutMs: 20_000,
  });
  onTestFinished(async () => {
    fleet.kill();
    await fleet.stop('cleaner', 0);
  });
  children.replace(
    'cleaner',
    `process.on('message', () => {
       process.send({ type: 'ready' });
       process.stdout.write('{}\\n'.repeat(100_000));
       setTimeout(() => process.kill(process.pid, 'SIGKILL'), 50);
     });`,
  );
  const { cleaner } = planProcesses(settingsIn(folder), SOME_IDENTITY);
  const { signal } = new AbortController();
  await fleet.start(cleaner, signal);
  children.replace('cleaner', READY);
  // The first of them confirms nothing.
  const changed = { ...cleaner, settings: { ...cleaner.settings, logLevel: 'error' as const } };
  expect(await fleet.reload(changed, signal)).toBe(true);
});

function worker({ workers: [first] }: ProcessPlan): PlannedProcess {
  if (first === undefined) throw new Error('the plan has no worker');
  return first;
}

async function listenOn(path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    createServer().on('error', reject).listen(path, resolve);
  });
}

test('a start that waits for its predecessor to finish is given up when the cache stops', async () => {
  const { fleet, plan, children, signal } = await createTestFleet();
  children.replace('logger', `process.on('SIGTERM', () => {});${READY}`);
  await fleet.start(plan.logger, signal);
  const stopped = fleet.stop('logger', 20_000);
  const stop = new AbortController();
  const started = fleet.start(plan.logger, stop.signal);
  stop.abort();
  expect(await started).toBe(false);
  expect(fleet.ids()).toEqual(['logger']);
  fleet.kill();
  await stopped;
});

import { expect, onTestFinished, test, vi } from 'vitest';
import { createFleet, type Fleet } from '../src/fleet.ts';
import { planProcesses, type ProcessPlan } from '../src/process-plan.ts';
import { createFakeChildren, type FakeChildren } from './support/fake-children.ts';
import { createLogFile } from './support/log-file.ts';
import { settingsIn, SOME_IDENTITY } from './support/settings.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { until } from './support/until.ts';

vi.setConfig({ testTimeout: 30_000 });

interface Asking {
  readonly fleet: Fleet;
  readonly plan: ProcessPlan;
  readonly children: FakeChildren;
  /** Ends the process, and resolves when it serves again. */
  readonly restart: (id: string) => Promise<void>;
  /** Has the admin process ask, and resolves with the answer that it got. */
  readonly ask: (number: number, question: object) => Promise<unknown>;
}

async function startProcesses(): Promise<Asking> {
  const folder = await temporaryFolder();
  const children = createFakeChildren(folder);
  const log = createLogFile(folder);
  const fleet = createFleet({
    entryPoint: children.entryPoint,
    environment: {},
    destination: log.destination,
    recentLines: (after) => [{ number: after + 1, line: '{}' }],
    log: log.log,
    readyTimeoutMs: 20_000,
  });
  onTestFinished(async () => {
    fleet.kill();
    await Promise.all(fleet.ids().map((id) => fleet.stop(id, 0)));
  });
  const plan = planProcesses(
    settingsIn(folder, {
      workers: { idleTimeoutMs: 60_000 },
      debug: { host: '', port: 5001, actions: 'loopback' },
    }),
    SOME_IDENTITY,
  );
  const { signal } = new AbortController();
  for (const planned of [plan.logger, ...plan.workers, ...plan.proxies, plan.cleaner, plan.admin]) {
    await fleet.start(planned, signal);
  }
  return {
    fleet,
    plan,
    children,
    async restart(id) {
      const planned = [plan.logger, plan.cleaner].find((one) => one.id === id);
      if (planned === undefined) throw new Error(`there is no ${id}`);
      await fleet.stop(id, 20_000);
      await fleet.start(planned, signal);
    },
    async ask(number, question) {
      children.say('admin', { type: 'ask', number, question });
      const prefix = `{"type":"answer","number":${number}`;
      const { event } = await until('it is answered', () =>
        children.entries().find((entry) => entry.event.startsWith(prefix)),
      );
      return JSON.parse(event);
    },
  };
}

test('the admin process learns how all processes do, also those that sleep', async () => {
  const { ask } = await startProcesses();
  const answer = await ask(1, { kind: 'observe' });
  const serving = (id: string, name: string): object => ({
    id,
    name,
    state: 'serving',
    pid: expect.any(Number) as number,
    startedAtMs: expect.any(Number) as number,
    restarts: 0,
    observation: { increments: [], gauges: [], detail: id },
  });
  const asleep = (upstream: string): object => ({
    id: `worker ${upstream}`,
    name: 'worker',
    upstream,
    state: 'asleep',
    restarts: 0,
  });
  expect(answer).toMatchObject({
    answer: {
      processes: [
        serving('logger', 'logger'),
        asleep('quay.io'),
        asleep('docker.io'),
        serving('proxy', 'proxy'),
        serving('cleaner', 'cleaner'),
        serving('admin', 'admin'),
      ],
      departed: [],
    },
  });
});

test('what processes say when they end is added up until somebody asks, and told once', async () => {
  const { children, ask } = await startProcesses();
  const words = (by: number): object => ({
    type: 'last-words',
    observation: {
      increments: [
        { series: 'fills_total', labels: ['quay.io', 'stored'], by },
        { series: 'fills_total', labels: ['quay.io', 'failed'], by: 1 },
      ],
      gauges: [],
      residentBytes: by,
      cpuSeconds: by,
    },
  });
  children.say('cleaner', words(3), words(4), { type: 'disk-full' });
  // By then the messages before it have come.
  await until('they are there', () => children.entries().some(({ event }) => event === 'makes room'));
  expect(await ask(1, { kind: 'observe' })).toMatchObject({
    answer: {
      departed: [
        {
          id: 'cleaner',
          observation: {
            increments: [
              { series: 'fills_total', labels: ['quay.io', 'stored'], by: 7 },
              { series: 'fills_total', labels: ['quay.io', 'failed'], by: 2 },
            ],
            residentBytes: 4,
            cpuSeconds: 7,
          },
        },
      ],
    },
  });
  expect(await ask(2, { kind: 'observe' })).toMatchObject({ answer: { departed: [] } });
});

test('a process that was killed counts as started again', async () => {
  const { children, ask } = await startProcesses();
  const { pid } = children.entries().find((entry) => entry.process === 'proxy') ?? { pid: 0 };
  process.kill(pid, 'SIGKILL');
  let number = 20;
  await until('it is back', async () => {
    const answer = JSON.stringify(await ask((number += 1), { kind: 'observe' }));
    return /"id":"proxy","name":"proxy","state":"serving",[^{}]*"restarts":1/.test(answer);
  });
});

test('what a process that is busy tells too late is told the next time', async () => {
  const { children, ask, restart } = await startProcesses();
  children.replace(
    'cleaner',
    `process.on('message', ({ type, number }) => {
       if (type === 'start') process.send({ type: 'ready' });
       const observation = { increments: [{ series: 'evicted_blobs_total', labels: [], by: 5 }], gauges: [] };
       if (type === 'ask') setTimeout(() => {
         process.send({ type: 'answer', number, answer: observation });
         process.send({ type: 'disk-full' });
       }, 2500);
     });
     process.on('disconnect', () => process.exit());`,
  );
  await restart('cleaner');
  const first = await ask(1, { kind: 'observe' });
  expect(JSON.stringify(first)).not.toContain('evicted_blobs_total');
  const told = await until('it is told', async () => {
    const text = JSON.stringify(await ask(Math.round(performance.now()), { kind: 'observe' }));
    return text.includes('"by":5') && text;
  });
  expect(told).toMatch(/"departed":\[\{"id":"cleaner"/);
});

test('all processes are told to forget, and only the cleaner to clean', async () => {
  const { children, ask } = await startProcesses();
  await ask(1, { kind: 'forget' });
  const asked = (event: string): string[] =>
    children
      .entries()
      .filter((entry) => entry.event === event)
      .map((entry) => entry.process)
      .toSorted();
  expect(asked('asked to forget')).toEqual(['admin', 'cleaner', 'logger', 'proxy']);
  expect(await ask(2, { kind: 'clean', dryRun: true })).toMatchObject({ answer: { done: 'cleaner' } });
  expect(asked('asked to clean')).toEqual(['cleaner']);
});

test('a worker that does not answer keeps nobody else from forgetting', async () => {
  const { fleet, children, ask } = await startProcesses();
  children.replace(
    'worker',
    `process.on('message', ({ type }) => type === 'start' && process.send({ type: 'ready' }));`,
  );
  fleet.wake('worker quay.io');
  let number = 20;
  await until('the worker serves', async () => {
    const answer = JSON.stringify(await ask((number += 1), { kind: 'observe' }));
    return /"id":"worker quay.io"[^{}]*"state":"serving"/.test(answer);
  });
  await ask(1, { kind: 'forget' });
  const asked = children.entries().filter(({ event }) => event === 'asked to forget');
  expect(asked.map((entry) => entry.process)).toContain('proxy');
});

test('a cleaner that is not there is no report', async () => {
  const { fleet, ask } = await startProcesses();
  await fleet.stop('cleaner', 20_000);
  expect(await ask(1, { kind: 'clean', dryRun: false })).toEqual({
    type: 'answer',
    number: 1,
    problem: 'the cleaner is restarting: try again',
  });
});

test('the last lines of the log are told', async () => {
  const { ask } = await startProcesses();
  expect(await ask(1, { kind: 'log', after: 6 })).toMatchObject({ answer: [{ number: 7, line: '{}' }] });
});

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
let child: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'registry-cache-runtime-'));
});
afterEach(async () => {
  child?.kill('SIGKILL');
  child = undefined;
  await rm(folder, { recursive: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly messages: unknown[];
  readonly exited: Promise<[number | null, string | null]>;
  readonly lines: () => { msg: string; [field: string]: unknown }[];
}

/** Starts a process whose `start` function is `body`, with `settings` and `context` in its scope. */
async function run(body: string): Promise<Run> {
  const script = join(folder, 'child.mjs');
  const runtime = new URL('../dist/index.js', import.meta.url).href;
  await writeFile(
    script,
    `import { runChildProcess } from ${JSON.stringify(runtime)};
     runChildProcess(({ name }) => ({ process: name }), async (settings, context) => { ${body} });`,
  );
  const started = fork(script, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  child = started;
  const messages: unknown[] = [];
  started.on('message', (message) => messages.push(message));
  let output = '';
  started.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return {
    child: started,
    messages,
    exited: ended(started),
    lines: () =>
      output
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
  };
}

// `close` never comes for a child whose channel the parent has closed.
async function ended(started: ChildProcess): Promise<[number | null, string | null]> {
  const output = started.stdout === null ? undefined : once(started.stdout, 'close');
  const exited = (await once(started, 'exit')) as [number | null, string | null];
  await output;
  return exited;
}

const SETTINGS = { logLevel: 'info', name: 'worker' };

test('a process starts with the settings it was sent, and says when it serves', async () => {
  const { child, messages, exited, lines } = await run(`
    context.log.info({ given: settings.name }, 'started');
    return { close: async () => context.log.info('closed') };`);
  child.send({ type: 'start', settings: SETTINGS });
  await expect.poll(() => messages).toEqual([{ type: 'ready' }]);
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  expect(lines()).toMatchObject([
    { process: 'worker', level: 'info', given: 'worker', msg: 'started' },
    { process: 'worker', msg: 'closed' },
  ]);
});

test('settings that change are handed over, and confirmed', async () => {
  const { child, messages, lines } = await run(`
    return { reload: ({ name }) => context.log.info({ name }, 'reloaded'), close: async () => {} };`);
  child.send({ type: 'start', settings: SETTINGS });
  child.send({ type: 'reload', settings: { ...SETTINGS, name: 'other' } });
  await expect.poll(() => messages).toEqual([{ type: 'ready' }, { type: 'reloaded' }]);
  await expect.poll(lines).toMatchObject([{ name: 'other', msg: 'reloaded' }]);
});

test('a reload changes how much is logged', async () => {
  const { child, messages, lines } = await run(`
    process.on('message', ({ type }) => { if (type === 'ping') context.log.info('pinged'); });
    return { close: async () => {} };`);
  child.send({ type: 'start', settings: { ...SETTINGS, logLevel: 'error' } });
  await expect.poll(() => messages).toHaveLength(1);
  child.send({ type: 'ping' });
  child.send({ type: 'reload', settings: SETTINGS });
  await expect.poll(() => messages).toHaveLength(3);
  child.send({ type: 'ping' });
  await expect.poll(lines).toMatchObject([{ msg: 'pinged' }]);
});

test('a full disk is reported, and who can make room is asked to', async () => {
  const { child, messages, lines } = await run(`
    context.reportDiskFull();
    return { makeRoom: () => context.log.info('made room'), close: async () => {} };`);
  child.send({ type: 'start', settings: SETTINGS });
  await expect.poll(() => messages).toEqual([{ type: 'disk-full' }, { type: 'ready' }]);
  child.send({ type: 'make-room' });
  await expect.poll(lines).toMatchObject([{ msg: 'made room' }]);
});

test('a process that cannot make room goes on', async () => {
  const { child, messages, lines } = await run(`
    return { makeRoom: async () => { throw new Error('no') }, close: async () => {} };`);
  child.send({ type: 'start', settings: SETTINGS });
  child.send({ type: 'make-room' });
  await expect.poll(lines).toMatchObject([{ level: 'error', err: { message: 'no' } }]);
  child.send({ type: 'ping' });
  await expect.poll(() => messages).toEqual([{ type: 'ready' }, { type: 'pong' }]);
});

test('a process that has nothing to do ends when it may', async () => {
  const { child, messages, exited } = await run(`
    context.reportIdle();
    return { fallAsleep: async () => true, close: async () => context.log.info('closed') };`);
  child.send({ type: 'start', settings: SETTINGS });
  await expect.poll(() => messages).toEqual([{ type: 'idle' }, { type: 'ready' }]);
  child.send({ type: 'sleep' });
  expect(await exited).toEqual([0, null]);
});

test('a process that ends still answers, so that nobody waits for it', async () => {
  const { child, messages, lines } = await run(`
    return {
      reload: () => context.log.info('reloaded'),
      close: () => new Promise(() => context.log.info('closing')),
    };`);
  child.send({ type: 'start', settings: SETTINGS });
  await expect.poll(() => messages).toEqual([{ type: 'ready' }]);
  child.kill('SIGTERM');
  await expect.poll(lines).toMatchObject([{ msg: 'closing' }]);
  child.send({ type: 'reload', settings: SETTINGS });
  child.send({ type: 'ask', number: 7, question: { kind: 'observe' } });
  await expect
    .poll(() => messages[1])
    .toMatchObject({ type: 'answer', number: 7, answer: { increments: [] } });
  expect(lines()).toHaveLength(1);
});

test('a process that has something to do again says so', async () => {
  const { child, messages } = await run(`
    return { fallAsleep: async () => false, close: async () => {} };`);
  child.send({ type: 'start', settings: SETTINGS });
  child.send({ type: 'sleep' });
  await expect.poll(() => messages).toEqual([{ type: 'ready' }, { type: 'busy' }]);
});

test('a process has another one woken', async () => {
  const { child, messages } = await run(`
    context.wake('/run/worker.sock');
    return { close: async () => {} };`);
  child.send({ type: 'start', settings: SETTINGS });
  await expect
    .poll(() => messages)
    .toEqual([{ type: 'wake', socketPath: '/run/worker.sock' }, { type: 'ready' }]);
});

test('settings that cannot be applied leave the process running', async () => {
  const { child, messages, lines } = await run(`
    return { reload: () => { throw new Error('no') }, close: async () => {} };`);
  child.send({ type: 'start', settings: SETTINGS });
  child.send({ type: 'reload', settings: SETTINGS });
  await expect.poll(lines).toMatchObject([{ level: 'error', err: { message: 'no' } }]);
  expect(messages).toEqual([{ type: 'ready' }]);
  expect(child.exitCode).toBeNull();
});

test('a process that cannot start logs why and fails', async () => {
  const { child, exited, lines } = await run(`throw new Error('port in use');`);
  child.send({ type: 'start', settings: SETTINGS });
  expect(await exited).toEqual([1, null]);
  expect(lines()).toMatchObject([{ level: 'fatal', err: { message: 'port in use' } }]);
});

test('a process that fails later logs why and fails', async () => {
  const { child, exited, lines } = await run(`
    setTimeout(() => Promise.reject(new Error('lost')), 10);
    return { close: async () => {} };`);
  child.send({ type: 'start', settings: SETTINGS });
  expect(await exited).toEqual([1, null]);
  expect(lines()).toMatchObject([{ level: 'fatal', err: { message: 'lost' } }]);
});

test('a process for one job reports its result and ends', async () => {
  const { child, messages, exited } = await run(`await context.report({ evicted: 3 });`);
  child.send({ type: 'start', settings: SETTINGS });
  expect(await exited).toEqual([0, null]);
  expect(messages).toEqual([{ type: 'report', report: { evicted: 3 } }]);
});

test('a process whose supervisor is gone closes by itself', async () => {
  const { child, messages, exited, lines } = await run(`
    return { close: async () => context.log.info('closed') };`);
  child.send({ type: 'start', settings: SETTINGS });
  await expect.poll(() => messages).toHaveLength(1);
  child.disconnect();
  expect(await exited).toEqual([0, null]);
  expect(lines()).toMatchObject([{ msg: 'closed' }]);
});

test("a terminal's Ctrl-C is left to the supervisor", async () => {
  const { child, messages, exited } = await run(`return { close: async () => {} };`);
  child.send({ type: 'start', settings: SETTINGS });
  await expect.poll(() => messages).toHaveLength(1);
  child.kill('SIGINT');
  child.kill('SIGHUP');
  child.send({ type: 'reload', settings: SETTINGS });
  await expect.poll(() => messages).toHaveLength(2);
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});

test('a process that is stopped while it starts is closed once it has', async () => {
  const { child, exited, lines } = await run(`
    await new Promise((resolve) => setTimeout(resolve, 50));
    return { close: async () => context.log.info('closed') };`);
  child.send({ type: 'start', settings: SETTINGS }, () => child.kill('SIGTERM'));
  const [code, signal] = await exited;
  // The signal may come before the script has run at all, when nothing is there to close.
  if (code === 0 && lines().length > 0) expect(lines()).toMatchObject([{ msg: 'closed' }]);
  else
    expect([code, signal]).toSatisfy(([c, s]: [number | null, string | null]) => c === 0 || s === 'SIGTERM');
});

test('a process is observed: what it has counted since, its gauges, and itself', async () => {
  const { child, messages } = await run(`
    context.tally.add('evicted_blobs_total', [], 3);
    return { observe: () => ({ detail: 'well', gauges: [] }), close: async () => {} };`);
  child.send({ type: 'start', settings: SETTINGS });
  child.send({ type: 'ask', number: 1, question: { kind: 'observe' } });
  child.send({ type: 'ask', number: 2, question: { kind: 'observe' } });
  await expect.poll(() => messages).toHaveLength(3);
  const answer = (number: number, increments: object[]): object => ({
    type: 'answer',
    number,
    answer: {
      increments,
      gauges: [],
      detail: 'well',
      residentBytes: expect.any(Number) as number,
      cpuSeconds: expect.any(Number) as number,
    },
  });
  expect(messages.slice(1)).toEqual([
    answer(1, [{ series: 'evicted_blobs_total', labels: [], by: 3 }]),
    answer(2, []),
  ]);
});

test('a process whose event loop is measured says how late it was', async () => {
  const { child, messages } = await run(`return { close: async () => {} };`);
  child.send({ type: 'start', settings: { ...SETTINGS, measureEventLoop: true } });
  child.send({ type: 'ask', number: 1, question: { kind: 'observe' } });
  await expect
    .poll(() => messages)
    .toContainEqual(
      expect.objectContaining({
        answer: expect.objectContaining({ eventLoopDelaySeconds: expect.any(Number) as number }) as object,
      }),
    );
});

test('a process that ends says what was not observed of it yet', async () => {
  const { child, messages, exited } = await run(`
    return { close: async () => context.tally.add('evicted_blobs_total', []) };`);
  child.send({ type: 'start', settings: SETTINGS });
  await expect.poll(() => messages).toHaveLength(1);
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  expect(messages.at(-1)).toMatchObject({
    type: 'last-words',
    observation: { increments: [{ series: 'evicted_blobs_total', labels: [], by: 1 }] },
  });
});

test('a process is told to forget and to clean, and says when it has', async () => {
  const { child, messages, lines } = await run(`
    return {
      forget: () => context.log.info('forgotten'),
      clean: async (dryRun) => ({ dryRun }),
      close: async () => {},
    };`);
  child.send({ type: 'start', settings: SETTINGS });
  child.send({ type: 'ask', number: 1, question: { kind: 'forget' } });
  child.send({ type: 'ask', number: 2, question: { kind: 'clean', dryRun: true } });
  await expect
    .poll(() => messages.slice(1))
    .toEqual([
      { type: 'answer', number: 1 },
      { type: 'answer', number: 2, answer: { dryRun: true } },
    ]);
  await expect.poll(lines).toMatchObject([{ msg: 'forgotten' }]);
});

test('a process that fails at an answer says so and goes on', async () => {
  const { child, messages } = await run(`
    return { clean: async () => { throw new Error('no disk') }, close: async () => {} };`);
  child.send({ type: 'start', settings: SETTINGS });
  child.send({ type: 'ask', number: 1, question: { kind: 'clean', dryRun: false } });
  await expect
    .poll(() => messages)
    .toEqual([{ type: 'ready' }, { type: 'answer', number: 1, problem: 'no disk' }]);
});

test('a process asks its supervisor', async () => {
  const { child, messages, lines } = await run(`
    const signal = AbortSignal.timeout(20_000);
    context.ask({ kind: 'log', after: 1 }, signal).then((answer) => context.log.info({ answer }, 'answered'));
    context.ask({ kind: 'observe' }, signal).catch((err) => context.log.info({ err }, 'refused'));
    return { close: async () => {} };`);
  child.send({ type: 'start', settings: SETTINGS });
  await expect.poll(() => messages).toHaveLength(3);
  expect(messages).toContainEqual({ type: 'ask', number: 1, question: { kind: 'log', after: 1 } });
  child.send({ type: 'answer', number: 2, problem: 'not now' });
  child.send({ type: 'answer', number: 1, answer: ['line'] });
  await expect.poll(lines).toMatchObject([
    { msg: 'refused', err: { message: 'not now' } },
    { msg: 'answered', answer: ['line'] },
  ]);
});

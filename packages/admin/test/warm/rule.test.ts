import type { WarmRule } from '@registry-cache/config';
import type { WarmEvent } from '@registry-cache/control';
import { createLog } from '@registry-cache/runtime';
import { afterEach, expect, test } from 'vitest';
import { startRule, type RunningRule, type RunningRuleOptions } from '../../src/warm/rule.ts';
import { createSchedule } from '../../src/warm/schedule.ts';

const RULE: WarmRule = {
  repository: 'quay.io/org/app',
  select: { kind: 'tags', patterns: ['1.*', 'latest'] },
  everyMs: 5,
};

let lines: Record<string, unknown>[] = [];
const log = createLog({
  level: 'info',
  fields: {},
  destination: { write: (line) => void lines.push(JSON.parse(line)) },
});

let closeAll: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closeAll.map((close) => close()));
  closeAll = [];
  lines = [];
});

function start(run: RunningRuleOptions['run'], rule = RULE): RunningRule {
  const running = startRule({ rule, run, log, now: () => 1000, random: () => 0 });
  closeAll.push(() => running.close());
  return running;
}

const done = (bytesFetched: number): WarmEvent => ({
  type: 'done',
  image: 'quay.io/org/app:1.0',
  digest: 'sha256:…',
  bytesTotal: 10,
  bytesFetched,
  durationMs: 1,
});
const failed: WarmEvent = { type: 'failed', image: 'quay.io/org/app:1.0', problem: 'no such image' };

test('a rule is run again and again, and has a line only where something was fetched', async () => {
  let runs = 0;
  const rule = start(async (emit) => emit(done(runs++ === 1 ? 10 : 0)));
  await expect.poll(() => runs).toBeGreaterThan(3);
  expect(lines).toEqual([
    expect.objectContaining({
      level: 'info',
      msg: 'images warmed',
      image: 'quay.io/org/app:{1.*,latest}',
      images: 1,
      bytes: 10,
    }),
  ]);
  await expect
    .poll(() => rule.status())
    .toMatchObject({ state: 'done', bytesDone: 10, bytesTotal: 10, nextAtMs: 1005 });
});

test('a rule that fails again and again has one line as long as it is the same', async () => {
  let runs = 0;
  let mended = false;
  const rule = start(async (emit) => {
    runs += 1;
    emit(mended ? done(10) : failed);
  });
  await expect.poll(() => runs).toBeGreaterThan(3);
  expect(rule.status().problem).toBe('quay.io/org/app:1.0: no such image');
  mended = true;
  await expect.poll(() => lines.length).toBeGreaterThan(1);
  expect(lines.slice(0, 2)).toEqual([
    expect.objectContaining({ level: 'warn', problem: 'quay.io/org/app:1.0: no such image' }),
    expect.objectContaining({ level: 'info' }),
  ]);
});

test('what fails is tried again in a minute, and then later and later, up to its time', async () => {
  let fails = (): void => {};
  const rule = start(
    (emit) =>
      new Promise((resolve) => {
        fails = () => {
          emit(failed);
          resolve();
        };
      }),
    { ...RULE, everyMs: 3_600_000 },
  );
  await expect.poll(() => rule.status().state).toBe('running');
  fails();
  await expect.poll(() => rule.status()).toMatchObject({ state: 'failed', nextAtMs: 61_000 });
});

test('a rule that cannot be run at all is a failure too', async () => {
  const rule = start(async () => {
    throw new Error('no such upstream');
  });
  await expect.poll(() => rule.status()).toMatchObject({ state: 'failed', problem: 'no such upstream' });
});

test('a rule that is closed ends what it runs', async () => {
  let began = false;
  let aborted = false;
  const rule = start(async (_emit, signal) => {
    began = true;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    aborted = true;
    signal.throwIfAborted();
  });
  await expect.poll(() => began).toBe(true);
  await rule.close();
  expect(aborted).toBe(true);
  expect(lines).toEqual([]);
});

test('new rules end those that are gone, and leave alone what is the same', async () => {
  const running = new Set<string>();
  const begun: string[] = [];
  const schedule = createSchedule({
    log,
    now: () => 0,
    random: () => 0,
    run: async ({ repository }, _emit, signal) => {
      begun.push(repository);
      running.add(repository);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      running.delete(repository);
    },
  });
  closeAll.push(() => schedule.close());
  const [one, two, three] = ['one', 'two', 'three'].map((repository) => ({ ...RULE, repository }));
  schedule.update([one, two].filter((rule) => rule !== undefined));
  await expect.poll(() => [...running]).toEqual(['one', 'two']);
  schedule.update([{ ...RULE, repository: 'two' }, three].filter((rule) => rule !== undefined));
  await expect.poll(() => [...running]).toEqual(['two', 'three']);
  expect(begun).toEqual(['one', 'two', 'three']);
  expect(schedule.status().map(({ image }) => image)).toEqual(['two:{1.*,latest}', 'three:{1.*,latest}']);
  await schedule.close();
  expect([...running]).toEqual([]);
});

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { HistoryPoint } from '@registry-cache/control';
import { createLog } from '@registry-cache/runtime';
import { createHistoryFile } from '@registry-cache/store';
import { expect, onTestFinished, test } from 'vitest';
import { openHistory, type HistoryRecorder } from '../../src/history/history-recorder.ts';

const NOON = Date.UTC(2026, 0, 2, 12) / 1000;
const MINUTE = 60;
const HOUR = 3600;
const NONE = { hits: 0, misses: 0, clientBytes: 0, upstreamBytes: 0, savedBytes: 0 };

interface Scene {
  /** In seconds; tests set it. */
  clock: number;
  readonly logged: string[];
  open(): Promise<HistoryRecorder>;
  path(name: 'minutes' | 'hours'): string;
}

async function createScene(): Promise<Scene> {
  const root = await mkdtemp(join(tmpdir(), 'history-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const scene: Scene = {
    clock: NOON,
    logged: [],
    async open() {
      const destination = { write: (line: string) => void scene.logged.push(line) };
      const history = await openHistory({
        openFile: (name) => createHistoryFile(root, name),
        log: createLog({ level: 'info', fields: {}, destination }),
        now: () => scene.clock * 1000,
      });
      onTestFinished(() => history.close());
      return history;
    },
    path: (name) => join(root, 'registry-cache/history', `${name}.jsonl`),
  };
  return scene;
}

/** Counts one hit more in each of these minutes. */
function countMinutes(scene: Scene, history: HistoryRecorder, minutes: number): void {
  for (let hits = 1; hits <= minutes; hits++) {
    scene.clock += MINUTE;
    history.record({ ...NONE, hits });
  }
}

function hitsOf(points: readonly HistoryPoint[]): Record<number, number> {
  return Object.fromEntries(points.map(({ at, hits }) => [(at - NOON) / MINUTE, hits]));
}

test('what was counted belongs to the minute in which most of it was', async () => {
  const scene = await createScene();
  const history = await scene.open();
  scene.clock = NOON + 61;
  history.record({ hits: 2, misses: 1, clientBytes: 30, upstreamBytes: 10, savedBytes: 20, usedBytes: 7 });
  scene.clock = NOON + 90;
  history.record({ hits: 5, misses: 1, clientBytes: 60, upstreamBytes: 10, savedBytes: 50, usedBytes: 8 });
  expect(history.list('day')).toEqual({
    stepSeconds: MINUTE,
    points: [
      { at: NOON, hits: 2, misses: 1, clientBytes: 30, upstreamBytes: 10, savedBytes: 20, usedBytes: 7 },
      { at: NOON + 60, hits: 3, misses: 0, clientBytes: 30, upstreamBytes: 0, savedBytes: 30, usedBytes: 8 },
    ],
  });
});

test('a restart loses nothing, and goes on with the minute in which it was', async () => {
  const scene = await createScene();
  const history = await scene.open();
  countMinutes(scene, history, 2);
  scene.clock += 10;
  history.record({ ...NONE, hits: 5 });
  await history.close();
  const successor = await scene.open();
  scene.clock += 10;
  successor.record({ ...NONE, hits: 4 });
  expect(hitsOf(successor.list('day').points)).toEqual({ 0: 1, 1: 1, 2: 7 });
  expect(successor.list('month').points).toMatchObject([{ at: NOON, hits: 9 }]);
  await successor.close();
  expect(hitsOf((await scene.open()).list('day').points)).toEqual({ 0: 1, 1: 1, 2: 7 });
});

test('a process that is killed loses a minute, and its hour is made up from its minutes', async () => {
  const scene = await createScene();
  const history = await scene.open();
  countMinutes(scene, history, 62);
  await expect.poll(async () => (await readFile(scene.path('minutes'), 'utf8')).split('\n')).toHaveLength(62);
  await rm(scene.path('hours'));
  const successor = await scene.open();
  expect(successor.list('month').points).toMatchObject([
    { at: NOON, hits: 60 },
    { at: NOON + HOUR, hits: 1 },
  ]);
});

test('half a line that a crash has left is cut off, and others that are none are passed over', async () => {
  const scene = await createScene();
  await mkdir(dirname(scene.path('minutes')), { recursive: true });
  const good = `[${NOON - 60},3,0,0,0,0,null]`;
  await writeFile(
    scene.path('minutes'),
    `no JSON\n{"at":1}\n[1,2]\n[${NOON - 120},-3,0,0,0,0,null]\n${good}\n[${NOON},`,
  );
  const history = await scene.open();
  scene.clock += 1;
  history.record({ ...NONE, hits: 4 });
  await history.close();
  expect(await readFile(scene.path('minutes'), 'utf8')).toContain(`${good}\n[${NOON},4,`);
  expect(hitsOf((await scene.open()).list('day').points)).toEqual({ [-1]: 3, 0: 4 });
});

test('a clock that is set back an hour counts on in the past, and loses nothing', async () => {
  const scene = await createScene();
  const history = await scene.open();
  countMinutes(scene, history, 2);
  scene.clock -= HOUR;
  history.record({ ...NONE, hits: 9 });
  await history.close();
  const successor = await scene.open();
  expect(hitsOf(successor.list('day').points)).toEqual({ [-58]: 7 });
  scene.clock += HOUR;
  expect(hitsOf(successor.list('day').points)).toEqual({ [-58]: 7, 0: 1, 1: 1 });
});

test('a clock that begins in 1970 costs none of the past', async () => {
  const scene = await createScene();
  const history = await scene.open();
  countMinutes(scene, history, 3);
  await history.close();
  scene.clock = 100;
  const lost = await scene.open();
  expect(lost.list('year').points).toEqual([]);
  lost.record({ ...NONE, hits: 1 });
  await lost.close();
  scene.clock = NOON + HOUR;
  expect(hitsOf((await scene.open()).list('day').points)).toEqual({ 0: 1, 1: 1, 2: 1 });
});

test('the files stay small: what is too old goes', async () => {
  const scene = await createScene();
  const history = await scene.open();
  countMinutes(scene, history, 4_000);
  await history.close();
  const lines = (await readFile(scene.path('minutes'), 'utf8')).trimEnd().split('\n');
  expect(lines.length).toBeLessThan(3_200);
  expect(history.list('day').points).toHaveLength(24 * 60);
});

test('a sleep of the machine is no hour-long minute in the past', async () => {
  const scene = await createScene();
  const history = await scene.open();
  scene.clock += 10 * HOUR;
  history.record({ ...NONE, hits: 1 });
  expect(hitsOf(history.list('day').points)).toEqual({ 600: 1 });
});

test('a disk that takes nothing is said once, and everything is written when it does again', async () => {
  const scene = await createScene();
  const history = await scene.open();
  // A folder where the file should be.
  await mkdir(scene.path('minutes'), { recursive: true });
  countMinutes(scene, history, 4);
  await expect
    .poll(() => scene.logged.filter((line) => line.includes('history cannot be written')))
    .toHaveLength(1);
  await rm(scene.path('minutes'), { recursive: true });
  await history.close();
  expect(hitsOf((await scene.open()).list('day').points)).toEqual({ 0: 1, 1: 1, 2: 1, 3: 1 });
});

test('a year is told in steps of six hours', async () => {
  const scene = await createScene();
  const history = await scene.open();
  countMinutes(scene, history, 7 * 60);
  expect(history.list('year')).toMatchObject({
    stepSeconds: 6 * HOUR,
    points: [
      { at: NOON, hits: 360 },
      { at: NOON + 6 * HOUR, hits: 60 },
    ],
  });
});

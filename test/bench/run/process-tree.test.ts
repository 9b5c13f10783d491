import { expect, test } from 'vitest';
import { listProcessTree, parseStat } from './process-tree.ts';

const STAT = '7 (a (b) c) S 5 7 7 0 -1 4194560 1 2 3 4 150 50 20 30 20 0 1 0 9876 1 1';

test('fields are counted from behind the name of the command', () => {
  expect(parseStat(7, STAT)).toEqual({ pid: 7, parentPid: 5, cpuSeconds: 2.5, startTicks: 9876 });
});

test('a zombie has ended', () => {
  expect(parseStat(7, STAT.replace(') S', ') Z'))).toBeUndefined();
});

test('a tree begins with its root', async () => {
  const [root] = await listProcessTree(process.pid);
  expect(root).toMatchObject({ pid: process.pid, parentPid: process.ppid });
});

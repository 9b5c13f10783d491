import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { proxyProcessesOf, readCgroupCores } from '../src/proxy-processes.ts';

test.each([
  [0.5, 1],
  [1, 1],
  [3, 1],
  [4, 2],
  [7, 3],
  [16, 8],
  [128, 8],
])('with %d cores, %d processes share the port', (cores, processes) => {
  expect(proxyProcessesOf(cores)).toBe(processes);
});

test.each([
  ['200000 100000\n', 2],
  ['50000 100000\n', 0.5],
  ['max 100000\n', Infinity],
  ['', Infinity],
])('%j of a container is %d cores', async (text, cores) => {
  const folder = await mkdtemp(join(tmpdir(), 'registry-cache-cgroup-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'cpu.max'), text);
  expect(await readCgroupCores(join(folder, 'cpu.max'))).toBe(cores);
});

test('where nothing is said of a limit, there is none', async () => {
  expect(await readCgroupCores('/nowhere/cpu.max')).toBe(Infinity);
});

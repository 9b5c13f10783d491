import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  connectionLimitsOf,
  readDescriptorLimit,
  readMemoryLimit,
} from '../../src/listener/connection-limits.ts';

const GIB = 1024 ** 3;

test.each([
  ['few descriptors', 64, 64 * GIB, { max: 32, crowdedAt: 16, descriptors: 32 }],
  ['those of an old container', 1024, 64 * GIB, { max: 768, crowdedAt: 736, descriptors: 768 }],
  ['those of a usual service', 20_000, 64 * GIB, { max: 19_744, crowdedAt: 19_712, descriptors: 19_744 }],
  ['many', 1_048_576, 64 * GIB, { max: 32_768, crowdedAt: 32_736, descriptors: 1_048_320 }],
  ['any number, and a GiB of memory', Infinity, GIB, { max: 5242, crowdedAt: 5210, descriptors: Infinity }],
  ['no memory to speak of', 20_000, 1024, { max: 32, crowdedAt: 16, descriptors: 19_744 }],
])('with %s', (_name, descriptors, memoryBytes, limits) => {
  expect(connectionLimitsOf(descriptors, memoryBytes)).toEqual(limits);
});

test('the memory that this process may use is known', () => {
  expect(readMemoryLimit()).toBeGreaterThan(64 * 1024 * 1024);
  expect(readMemoryLimit()).toBeLessThanOrEqual(totalmem());
});

test('the limit of this process is read', async () => {
  expect(await readDescriptorLimit()).toBeGreaterThan(32);
});

test.each([
  [
    'Max processes 1 2 processes\nMax open files            20000                30000                files     \n',
    20_000,
  ],
  ['Max open files            unlimited            unlimited            files\n', Number.POSITIVE_INFINITY],
  ['nothing of that kind\n', 1024],
])('%j', async (limits, expected) => {
  const folder = await mkdtemp(join(tmpdir(), 'limits-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'limits'), limits);
  expect(await readDescriptorLimit(join(folder, 'limits'))).toBe(expected);
  expect(await readDescriptorLimit(join(folder, 'missing'))).toBe(1024);
});

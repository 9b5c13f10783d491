import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connectionLimitsOf, readDescriptorLimit } from '../../src/listener/connection-limits.ts';

test.each([
  ['a very small one', 64, { max: 32, crowdedAt: 16 }],
  ['that of an old container', 1024, { max: 384, crowdedAt: 352 }],
  ['a middling one', 4096, { max: 1920, crowdedAt: 1888 }],
  ['a large one', 1_048_576, { max: 8192, crowdedAt: 8160 }],
  ['none', Number.POSITIVE_INFINITY, { max: 8192, crowdedAt: 8160 }],
])('a limit of descriptors that is %s', (_name, descriptors, limits) => {
  expect(connectionLimitsOf(descriptors)).toEqual(limits);
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

import { expect, test } from 'vitest';
import { createDiskUsage } from '../../src/observation/disk-usage.ts';

const measured = (measuredAtMs: number, usedBytes: number) => ({
  measuredAtMs,
  usedBytes,
  blobs: 1,
  freeBytes: 1,
  pinnedBytes: 0,
});

test('what was filled after the measurement comes on top, and what was removed goes', () => {
  const disk = createDiskUsage(0);
  expect(disk.find()).toBeUndefined();
  disk.observe(measured(1_000, 100), 0, 2_000);
  disk.observe(measured(1_000, 100), 40, 3_000);
  disk.observe(undefined, 5, 4_000);
  expect(disk.find()).toMatchObject({ usedBytes: 100, estimatedBytes: 145 });
  disk.removed(45);
  expect(disk.find()?.estimatedBytes).toBe(100);
  disk.removed(1_000);
  expect(disk.find()?.estimatedBytes).toBe(0);
});

test('of an interval with a measurement in it, the part after it counts', () => {
  const disk = createDiskUsage(0);
  disk.observe(measured(1_000, 100), 0, 2_000);
  disk.observe(measured(5_000, 200), 60, 8_000);
  expect(disk.find()?.estimatedBytes).toBe(230);
});

test('a clock that was set back makes no nonsense of it', () => {
  const disk = createDiskUsage(10_000);
  disk.observe(measured(9_000, 100), 30, 5_000);
  expect(disk.find()?.estimatedBytes).toBe(130);
});

import { expect, test } from 'vitest';
import { createDiskUsage } from '../../src/observation/disk-usage.ts';

const measured = (measuredAtMs: number, usedBytes: number) => ({
  measuredAtMs,
  usedBytes,
  blobs: 1,
  freeBytes: 1,
  pinnedBytes: 0,
});
const filled = (bytes: number, fromMs: number, toMs: number) => [{ bytes, fromMs, toMs }];

test('what was filled after the measurement comes on top, and what was removed goes', () => {
  const disk = createDiskUsage();
  expect(disk.find()).toBeUndefined();
  disk.observe(measured(1_000, 100), []);
  disk.observe(measured(1_000, 100), filled(40, 2_000, 3_000));
  disk.observe(undefined, filled(5, 3_000, 4_000));
  expect(disk.find()).toMatchObject({ usedBytes: 100, estimatedBytes: 145 });
  disk.removed(45, 4_000);
  expect(disk.find()?.estimatedBytes).toBe(100);
  disk.removed(1_000, 4_000);
  expect(disk.find()?.estimatedBytes).toBe(0);
});

test('of what was filled around a measurement, the part after it counts', () => {
  const disk = createDiskUsage();
  disk.observe(measured(1_000, 100), []);
  disk.observe(measured(5_000, 200), filled(60, 2_000, 8_000));
  expect(disk.find()?.estimatedBytes).toBe(230);
});

test('what was filled before the first measurement is in it, however late somebody looks', () => {
  const disk = createDiskUsage();
  disk.observe(measured(5_000, 100), filled(60, 0, 4_000));
  expect(disk.find()?.estimatedBytes).toBe(100);
});

test('what was removed since a measurement that nobody has seen yet is not in the store', () => {
  const disk = createDiskUsage();
  disk.observe(measured(1_000, 100), []);
  disk.removed(10, 4_000);
  disk.removed(20, 6_000);
  disk.observe(measured(5_000, 90), []);
  expect(disk.find()?.estimatedBytes).toBe(70);
});

test('a clock that was set back makes no nonsense of it', () => {
  const disk = createDiskUsage();
  disk.observe(measured(9_000, 100), filled(30, 10_000, 5_000));
  expect(disk.find()?.estimatedBytes).toBe(100);
  disk.observe(measured(9_000, 100), filled(30, 10_000, 9_500));
  expect(disk.find()?.estimatedBytes).toBe(130);
});

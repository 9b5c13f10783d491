import { createTally } from '@registry-cache/runtime';
import type { CleanReport } from '@registry-cache/store/maintenance';
import { expect, test } from 'vitest';
import { sparseDigest } from '../../store/test/support/store-folder.ts';
import { createCleanerFigures } from '../src/cleaner-figures.ts';

const SETTINGS = { maxSizeBytes: 1_000, thresholdPercentage: 20, runEveryMs: 60_000, pins: [] };
const REPORT: CleanReport = {
  dryRun: false,
  maxSizeBytes: 1_000,
  thresholdBytes: 1_200,
  usedBytesBefore: 1_500,
  usedBytesAfter: 900,
  disk: { sizeBytes: 9_000, freeBytes: 5_000 },
  blobsBefore: 10,
  expired: { blobTtlMs: 1, from: 'fetched', blobs: 2, bytes: 100, failed: 0 },
  evicted: { count: 3, bytes: 500, spared: 0, failed: 0, oldestAccessMs: 1_000, newestAccessMs: 3_000 },
  pinned: { blobs: 1, bytes: 40 },
  oldestAccessMs: 4_000,
  sweptFills: { files: 0, bytes: 0 },
  sweptUploads: { folders: 0, bytes: 0 },
  sweptLinks: { layers: 0, revisions: 0, tags: 0 },
  steps: [],
};

const gauge = (metric: string, value: number): unknown => ({ metric, labels: [], value });

test('before the first pass only the limits are known', () => {
  const figures = createCleanerFigures(createTally(), Date.now);

  expect(figures.observe(SETTINGS)).toEqual({
    gauges: [gauge('disk_limit_bytes', 1_000), gauge('disk_threshold_bytes', 1_200)],
  });
});

test('after a pass the store is known as the pass left it', () => {
  const figures = createCleanerFigures(createTally(), () => 7_000);

  figures.passed(REPORT);

  const { gauges, detail } = figures.observe({ ...SETTINGS, maxSizeBytes: 2_000 });
  expect(detail).toEqual({
    measuredAtMs: 7_000,
    usedBytes: 900,
    blobs: 5,
    freeBytes: 5_500,
    pinnedBytes: 40,
    oldestAccessMs: 4_000,
  });
  expect(gauges).toEqual([
    gauge('disk_limit_bytes', 2_000),
    gauge('disk_threshold_bytes', 2_400),
    gauge('disk_used_bytes', 900),
    gauge('disk_free_bytes', 5_500),
    gauge('blobs', 5),
    gauge('pinned_bytes', 40),
    gauge('oldest_access_timestamp_seconds', 4),
  ]);
});

test('where nothing could be evicted, nothing is said of the blob that would be next', () => {
  const figures = createCleanerFigures(createTally(), Date.now);

  figures.passed({ ...REPORT, oldestAccessMs: undefined });

  const { gauges, detail } = figures.observe(SETTINGS);
  expect(detail).not.toHaveProperty('oldestAccessMs');
  expect(gauges?.map(({ metric }) => metric)).not.toContain('oldest_access_timestamp_seconds');
});

test('passes and what they remove are counted', () => {
  const tally = createTally();
  const figures = createCleanerFigures(tally, Date.now);

  figures.passed(REPORT);
  figures.passed(REPORT);
  figures.failed();
  figures.evicted({ digest: sparseDigest(1), sizeBytes: 30 });
  figures.evicted({ digest: sparseDigest(2), sizeBytes: 12 });
  figures.expired({ digest: sparseDigest(3), sizeBytes: 5 });

  expect(tally.take()).toEqual([
    { series: 'cleaner_passes_total', labels: ['done'], by: 2 },
    { series: 'cleaner_passes_total', labels: ['failed'], by: 1 },
    { series: 'evicted_blobs_total', labels: [], by: 2 },
    { series: 'evicted_bytes_total', labels: [], by: 42 },
    { series: 'expired_blobs_total', labels: [], by: 1 },
    { series: 'expired_bytes_total', labels: [], by: 5 },
  ]);
});

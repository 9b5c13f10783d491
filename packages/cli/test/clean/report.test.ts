import type { CleanReport } from '@registry-cache/store/maintenance';
import { expect, test } from 'vitest';
import { formatCleanReport } from '../../src/clean/report.ts';

const REPORT: CleanReport = {
  dryRun: false,
  maxSizeBytes: 1024,
  thresholdBytes: 1228,
  usedBytesBefore: 4096,
  usedBytesAfter: 1024,
  disk: { sizeBytes: 8192, freeBytes: 2048 },
  blobsBefore: 4,
  evicted: {
    count: 3,
    bytes: 3072,
    spared: 0,
    failed: 0,
    oldestAccessMs: Date.UTC(2026, 0, 1),
    newestAccessMs: Date.UTC(2026, 0, 3),
  },
  pinned: { blobs: 0, bytes: 0 },
  oldestAccessMs: undefined,
  sweptFills: { files: 1, bytes: 512 },
  sweptUploads: { folders: 0, bytes: 0 },
  sweptLinks: { layers: 1, revisions: 1, tags: 0 },
  steps: [
    { name: 'walk', durationMs: 20 },
    { name: 'evict', durationMs: 30 },
  ],
};

test('a pass is reported in a few lines', () => {
  expect(formatCleanReport(REPORT)).toEqual([
    'used      4.0 KiB in 4 blobs',
    'limit     1.0 KiB, cleaned above 1.2 KiB',
    'disk      2.0 KiB of 8.0 KiB free',
    'evicted   3 blobs of 3.0 KiB, last used 2026-01-01T00:00:00.000Z to 2026-01-03T00:00:00.000Z',
    'leftovers 1 unfinished fill of 512 B, 2 dead links',
    'uses now  1.0 KiB',
    'took      50 ms',
  ]);
});

test('blobs that were spared or could not be removed are mentioned', () => {
  const lines = formatCleanReport({ ...REPORT, evicted: { ...REPORT.evicted, spared: 1, failed: 2 } });
  expect(lines).toContain('spared    1 blob, used or pinned meanwhile');
  expect(lines).toContain('failed    2 blobs: the log says why');
});

test('what pins keep is told where there are pins', () => {
  const lines = formatCleanReport({ ...REPORT, pinned: { blobs: 2, bytes: 2048 } });
  expect(lines).toContain('pinned    2.0 KiB in 2 blobs, which stay');
  expect(formatCleanReport(REPORT).join()).not.toContain('pinned');
});

test('what expired is told where blobs expire', () => {
  const expired = { blobTtlMs: 86_400_000, from: 'fetched', blobs: 2, bytes: 2048, failed: 0 } as const;
  const lineOf = (changes: Partial<CleanReport>): string | undefined =>
    formatCleanReport({ ...REPORT, ...changes }).find((line) => line.includes('expire'));

  expect(lineOf({})).toBeUndefined();
  expect(lineOf({ expired })).toBe('expired   2 blobs of 2.0 KiB, fetched more than 24 h ago');
  expect(lineOf({ expired, dryRun: true })).toBe('to expire 2 blobs of 2.0 KiB, fetched more than 24 h ago');
  expect(lineOf({ expired: { ...expired, from: 'pulled', blobs: 0, bytes: 0 } })).toBe(
    'expired   nothing was pulled last more than 24 h ago',
  );
});

test('blobs that could not be removed are counted together, whatever they were to be removed for', () => {
  const expired = { blobTtlMs: 1, from: 'fetched', blobs: 0, bytes: 0, failed: 1 } as const;
  const lines = formatCleanReport({ ...REPORT, expired, evicted: { ...REPORT.evicted, failed: 2 } });
  expect(lines).toContain('failed    3 blobs: the log says why');
});

test('what a registry before us left is mentioned', () => {
  const lines = formatCleanReport({ ...REPORT, sweptUploads: { folders: 2, bytes: 512 } });
  expect(lines).toContain('          2 unfinished uploads of 512 B, from a registry before');
});

test('a dry run says what would be', () => {
  const lines = formatCleanReport({ ...REPORT, dryRun: true });
  expect(lines.map((line) => line.split('  ')[0])).toContain('to evict');
  expect(lines.map((line) => line.split(' 1.0')[0])).toContain('would use');
});

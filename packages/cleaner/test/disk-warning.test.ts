import type { CleanReport } from '@registry-cache/store/maintenance';
import { expect, test } from 'vitest';
import { createDiskWarning } from '../src/disk-warning.ts';
import { createLogLines } from './support/log-lines.ts';

interface Figures {
  readonly usedBytes: number;
  readonly thresholdBytes: number;
  readonly freeBytes: number;
  readonly evictedBytes?: number;
}

/** On a disk of 1000 bytes. */
function reportOf({ usedBytes, thresholdBytes, freeBytes, evictedBytes = 0 }: Figures): CleanReport {
  return {
    dryRun: false,
    maxSizeBytes: thresholdBytes,
    thresholdBytes,
    usedBytesBefore: usedBytes,
    usedBytesAfter: usedBytes - evictedBytes,
    disk: { sizeBytes: 1000, freeBytes },
    blobsBefore: 1,
    evicted: {
      count: 0,
      bytes: evictedBytes,
      spared: 0,
      failed: 0,
      oldestAccessMs: undefined,
      newestAccessMs: undefined,
    },
    pinned: { blobs: 0, bytes: 0 },
    oldestAccessMs: undefined,
    sweptFills: { files: 0, bytes: 0 },
    sweptUploads: { folders: 0, bytes: 0 },
    sweptLinks: { layers: 0, revisions: 0, tags: 0 },
    steps: [],
  };
}

test.each<[string, Figures, boolean]>([
  ['the store may grow beyond what is free', { usedBytes: 100, thresholdBytes: 500, freeBytes: 399 }, true],
  ['what is free is enough', { usedBytes: 100, thresholdBytes: 500, freeBytes: 400 }, false],
  ['next to nothing is free', { usedBytes: 500, thresholdBytes: 500, freeBytes: 19 }, true],
  [
    'the pass itself has made room',
    { usedBytes: 600, thresholdBytes: 500, freeBytes: 0, evictedBytes: 200 },
    false,
  ],
])('when %s', (_, figures, isWarning) => {
  const { log, lines } = createLogLines();
  createDiskWarning(log).update(reportOf(figures));
  expect(lines.map(({ level }) => level)).toEqual(isWarning ? ['warn'] : []);
});

test('what has expired before the disk was measured makes no more room', () => {
  const { log, lines } = createLogLines();
  const report = reportOf({ usedBytes: 100, thresholdBytes: 500, freeBytes: 399 });
  createDiskWarning(log).update({ ...report, usedBytesBefore: 900 });
  expect(lines.map(({ level }) => level)).toEqual(['warn']);
});

test('it is logged when that changes, and not at each pass', () => {
  const { log, lines } = createLogLines();
  const warning = createDiskWarning(log);
  for (const freeBytes of [900, 100, 50, 900, 900, 100]) {
    warning.update(reportOf({ usedBytes: 100, thresholdBytes: 500, freeBytes }));
  }
  expect(lines.map(({ level }) => level)).toEqual(['warn', 'info', 'warn']);
  expect(lines[0]).toMatchObject({ freeBytes: 100, thresholdBytes: 500, usedBytes: 100 });
});

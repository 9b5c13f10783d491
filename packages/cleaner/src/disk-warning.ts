import type { Logger } from '@registry-cache/runtime';
import type { CleanReport } from '@registry-cache/store/maintenance';

/** Watches from pass to pass whether the disk can hold what the cleaner lets the store grow to. */
export interface DiskWarning {
  update(report: CleanReport): void;
}

// Fills under way, logs and the filesystem itself need some room beside the blobs.
const LITTLE_ROOM_PERCENT = 2;

/** Warns when that changes, not at each pass: an operator who has seen it needs no reminder every half hour. */
export function createDiskWarning(log: Logger): DiskWarning {
  let isShort = false;
  return {
    update(report) {
      const wasShort = isShort;
      isShort = isRoomShort(report);
      if (isShort === wasShort) return;
      const { maxSizeBytes, thresholdBytes, usedBytesAfter: usedBytes } = report;
      const figures = { maxSizeBytes, thresholdBytes, usedBytes, ...report.disk };
      if (isShort) {
        log.warn(
          figures,
          'cleaner.maxsize with its threshold is more than the disk can hold: lower it, or give the disk more room',
        );
      } else log.info(figures, 'the disk can hold cleaner.maxsize again');
    },
  };
}

function isRoomShort({ disk, thresholdBytes, evicted, usedBytesAfter }: CleanReport): boolean {
  const freeBytes = disk.freeBytes + evicted.bytes;
  const growthBytes = Math.max(0, thresholdBytes - usedBytesAfter);
  return freeBytes < Math.max(growthBytes, (disk.sizeBytes * LITTLE_ROOM_PERCENT) / 100);
}

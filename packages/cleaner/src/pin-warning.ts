import type { Logger } from '@registry-cache/runtime';
import type { CleanReport } from '@registry-cache/store/maintenance';

/** Tells an operator whether pins leave room for anything else. */
export interface PinWarning {
  update(report: CleanReport): void;
}

/** Warns when that changes, not at each pass, as the disk warning does. */
export function createPinWarning(log: Logger): PinWarning {
  let isOver = false;
  return {
    update({ pinned, maxSizeBytes, thresholdBytes }) {
      const wasOver = isOver;
      isOver = pinned.bytes > thresholdBytes;
      if (isOver === wasOver) return;
      const figures = { pinnedBytes: pinned.bytes, pinnedBlobs: pinned.blobs, maxSizeBytes, thresholdBytes };
      if (isOver) {
        log.warn(
          figures,
          'pinned images alone are more than cleaner.maxsize, nothing else stays stored: raise it, or remove pins',
        );
      } else log.info(figures, 'pinned images are within cleaner.maxsize again');
    },
  };
}

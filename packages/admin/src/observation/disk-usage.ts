import type { CleanerDetail } from '@registry-cache/control';

/** How full the store is between two measurements of the cleaner. */
export interface DiskUsage {
  /**
   * What one observation has found.
   *
   * @param filledBytes what was stored between the observation before and this one
   */
  observe(detail: CleanerDetail | undefined, filledBytes: number, nowMs: number): void;
  /** Was removed by hand. */
  removed(bytes: number): void;
  /** The last measurement, and what was filled and removed since then. */
  find(): (CleanerDetail & { readonly estimatedBytes: number }) | undefined;
  remember(): DiskMemory;
  /** What a former life of this process has known. */
  recall(memory: DiskMemory): void;
}

/** What the cleaner does not tell again. */
export interface DiskMemory {
  readonly measured: CleanerDetail | undefined;
  readonly sinceBytes: number;
  readonly observedAtMs: number;
}

/**
 * The cleaner measures each half an hour by default, and workers tell how much they fill: together that is how full the store is now,
 * but for what was filled in the interval between two observations in which a measurement falls. Of that the part counts that the
 * interval lies after the measurement.
 */
export function createDiskUsage(startedAtMs: number): DiskUsage {
  let measured: CleanerDetail | undefined;
  let sinceBytes = 0;
  let observedAtMs = startedAtMs;
  return {
    observe(detail, filledBytes, nowMs) {
      if (detail !== undefined && detail.measuredAtMs !== measured?.measuredAtMs) {
        measured = detail;
        sinceBytes = filledBytes * shareAfter(detail.measuredAtMs, observedAtMs, nowMs);
      } else {
        sinceBytes += filledBytes;
      }
      observedAtMs = nowMs;
    },
    removed(bytes) {
      sinceBytes -= bytes;
    },
    find() {
      if (measured === undefined) return undefined;
      return { ...measured, estimatedBytes: Math.max(0, Math.round(measured.usedBytes + sinceBytes)) };
    },
    remember: () => ({ measured, sinceBytes, observedAtMs }),
    recall(memory) {
      ({ measured, sinceBytes, observedAtMs } = memory);
    },
  };
}

/** How much of the time from `fromMs` to `toMs` is after `atMs`: 0 to 1. */
function shareAfter(atMs: number, fromMs: number, toMs: number): number {
  if (atMs <= fromMs) return 1;
  return toMs <= fromMs ? 0 : Math.max(0, (toMs - atMs) / (toMs - fromMs));
}

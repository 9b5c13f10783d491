import type { CleanerDetail } from '@registry-cache/control';

/** How full the store is between two measurements of the cleaner. */
export interface DiskUsage {
  /** What one observation has found. */
  observe(detail: CleanerDetail | undefined, filled: readonly Filled[]): void;
  /** Was removed by hand. */
  removed(bytes: number, atMs: number): void;
  /** The last measurement, and what was filled and removed since then. */
  find(): (CleanerDetail & { readonly estimatedBytes: number }) | undefined;
  remember(): DiskMemory;
  /** What a former life of this process has known. */
  recall(memory: DiskMemory): void;
}

/** What one worker has stored, from one observation to the next. */
export interface Filled {
  readonly bytes: number;
  /** Of the observation before. */
  readonly fromMs: number;
  /** When it has last stored something. */
  readonly toMs: number;
}

interface Removal {
  readonly bytes: number;
  readonly atMs: number;
}

/** What the cleaner does not tell again. */
export interface DiskMemory {
  readonly measured: CleanerDetail | undefined;
  readonly filledBytes: number;
  readonly removals: readonly Removal[];
}

/**
 * The cleaner measures each half an hour by default, and workers tell how much they fill: together that is how full the store is now.
 * Where a measurement falls into the time in which a worker has filled, the part counts that lies after the measurement.
 */
export function createDiskUsage(): DiskUsage {
  let measured: CleanerDetail | undefined;
  let filledBytes = 0;
  let removals: readonly Removal[] = [];
  return {
    observe(detail, filled) {
      const measuredAtMs = detail?.measuredAtMs ?? measured?.measuredAtMs ?? 0;
      if (detail !== undefined && measuredAtMs !== measured?.measuredAtMs) {
        measured = detail;
        filledBytes = 0;
        removals = removals.filter(({ atMs }) => atMs > measuredAtMs);
      }
      filledBytes += sumOf(filled.map((each) => ({ bytes: each.bytes * shareAfter(measuredAtMs, each) })));
    },
    removed(bytes, atMs) {
      removals = [...removals, { bytes, atMs }];
    },
    find() {
      if (measured === undefined) return undefined;
      const bytes = measured.usedBytes + filledBytes - sumOf(removals);
      return { ...measured, estimatedBytes: Math.max(0, Math.round(bytes)) };
    },
    remember: () => ({ measured, filledBytes, removals }),
    recall(memory) {
      ({ measured, filledBytes, removals } = memory);
    },
  };
}

function sumOf(parts: readonly { readonly bytes: number }[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** How much of the time from `fromMs` to `toMs` is after `atMs`: 0 to 1. */
function shareAfter(atMs: number, { fromMs, toMs }: Filled): number {
  if (toMs <= atMs) return 0;
  return atMs <= fromMs ? 1 : (toMs - atMs) / (toMs - fromMs);
}

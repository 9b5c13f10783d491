import type { CleanerSettings } from '@registry-cache/config';

/** The size above which the cleaner evicts. */
export function thresholdBytes({ maxSizeBytes, thresholdPercentage }: CleanerSettings): number {
  return Math.floor(maxSizeBytes * (1 + thresholdPercentage / 100));
}

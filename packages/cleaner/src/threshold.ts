import type { CleanerSettings } from '@registry-cache/config';

/** Above this size a pass evicts. */
export function thresholdBytes({ maxSizeBytes, thresholdPercentage }: CleanerSettings): number {
  return Math.floor(maxSizeBytes * (1 + thresholdPercentage / 100));
}

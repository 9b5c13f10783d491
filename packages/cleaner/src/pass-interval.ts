import type { CleanerSettings } from '@registry-cache/config';

const MIN_INTERVAL_MS = 1_000;

/**
 * How long after one pass the next begins: as configured, and where blobs expire often enough that none outlives its time by
 * more than a tenth, but for times below ten seconds.
 */
export function passIntervalMs({ runEveryMs, expiry }: CleanerSettings): number {
  if (expiry === undefined) return runEveryMs;
  return Math.min(runEveryMs, Math.max(MIN_INTERVAL_MS, expiry.blobTtlMs / 10));
}

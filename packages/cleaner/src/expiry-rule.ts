import type { CleanerSettings } from '@registry-cache/config';
import type { BlobTimes } from '@registry-cache/store/maintenance';

export type ExpirySettings = NonNullable<CleanerSettings['expiry']>;

export interface ExpiryRule {
  readonly isExpired: (times: BlobTimes) => boolean;
  /** Whether the blob would outlive its time more than twice, because it is of a time that is still to come. */
  readonly isAhead: (times: BlobTimes) => boolean;
}

/** A fill is a pull too: a blob was pulled last when it was filled, unless its access time is later. */
export function createExpiryRule({ blobTtlMs, from }: ExpirySettings, now: () => number): ExpiryRule {
  const ageMs = ({ filledAtMs, accessedAtMs }: BlobTimes): number =>
    now() - (from === 'pulled' ? Math.max(filledAtMs, accessedAtMs) : filledAtMs);
  return {
    isExpired: (times) => ageMs(times) > blobTtlMs,
    isAhead: (times) => ageMs(times) < -blobTtlMs,
  };
}

import type { Digest } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import type { Layout } from '@registry-cache/store';
import { evictBlob, type EvictionSummary, type RemovalOutcome } from '@registry-cache/store/maintenance';
import type { AccessOrder, OrderedBlob } from './access-order.ts';
import type { RemovedBlob } from './removed-blob.ts';

export interface EvictionOptions {
  readonly layout: Layout;
  readonly maxSizeBytes: number;
  /** All blobs of the store. */
  readonly found: AccessOrder;
  /** Pinned after `found` was. */
  readonly isPinned: (digest: Digest) => boolean;
  readonly dryRun: boolean;
  readonly onEvicted?: (blob: RemovedBlob) => void;
  readonly log: Logger;
  /** Heeded between two evictions. */
  readonly signal: AbortSignal;
}

export interface EvictionResult {
  readonly usedBytes: number;
  readonly evicted: EvictionSummary;
  /** Of what would go next; undefined where nothing is left that could. */
  readonly oldestAccessMs: number | undefined;
}

export const NOTHING_EVICTED: EvictionSummary = {
  count: 0,
  bytes: 0,
  spared: 0,
  failed: 0,
  oldestAccessMs: undefined,
  newestAccessMs: undefined,
};

/**
 * Evicts the least recently used blobs until the used size is at most `maxSizeBytes`. Nothing is protected for its youth, since
 * what was filled last is evicted last: a store whose limit is smaller than a morning's pulls must still come down to it. What
 * was used or pinned after the walk saw it is passed over. A blob that cannot be removed does not keep the others from it.
 */
export async function evictLeastRecentlyUsed(options: EvictionOptions): Promise<EvictionResult> {
  const { maxSizeBytes, found, dryRun, onEvicted, log, signal } = options;
  let usedBytes = found.usedBytes;
  let evicted = NOTHING_EVICTED;
  let oldestAccessMs: number | undefined;

  for (const blob of found.leastRecentlyUsed()) {
    if (usedBytes <= maxSizeBytes || signal.aborted) {
      oldestAccessMs ??= blob.accessedAtMs;
      break;
    }
    const outcome = await evictUnpinned(blob, options).catch((err: unknown) => {
      // A disk that refuses one blob may refuse a million.
      if (evicted.failed === 0) log.error({ err, digest: blob.digest }, 'blob could not be evicted');
      return 'failed' as const;
    });
    evicted = withOutcome(evicted, blob, outcome);
    if (outcome === 'removed' || outcome === 'absent') usedBytes -= blob.sizeBytes;
    if (outcome === 'failed') oldestAccessMs ??= blob.accessedAtMs;
    if (outcome !== 'removed') continue;
    log.debug({ ...blob, dryRun, usedBytes }, 'blob evicted');
    if (!dryRun) onEvicted?.(blob);
  }
  return { usedBytes, evicted, oldestAccessMs };
}

async function evictUnpinned(
  blob: OrderedBlob,
  { layout, isPinned, dryRun }: EvictionOptions,
): Promise<RemovalOutcome> {
  return isPinned(blob.digest) ? 'spared' : evictBlob(layout, blob, dryRun);
}

function withOutcome(
  summary: EvictionSummary,
  blob: OrderedBlob,
  outcome: RemovalOutcome | 'failed',
): EvictionSummary {
  switch (outcome) {
    case 'absent':
      return summary;
    case 'spared':
      return { ...summary, spared: summary.spared + 1 };
    case 'failed':
      return { ...summary, failed: summary.failed + 1 };
    case 'removed':
      return {
        ...summary,
        count: summary.count + 1,
        bytes: summary.bytes + blob.sizeBytes,
        oldestAccessMs: summary.oldestAccessMs ?? blob.accessedAtMs,
        newestAccessMs: blob.accessedAtMs,
      };
  }
}

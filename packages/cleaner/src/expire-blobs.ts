import type { Digest } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import type { Layout, StoredBlob } from '@registry-cache/store';
import {
  measureUsage,
  removeBlobIf,
  walkBlobFolders,
  type BlobFolder,
  type ExpirySummary,
  type Usage,
} from '@registry-cache/store/maintenance';
import { createAheadBlobs } from './ahead-blobs.ts';
import type { RemovedBlob } from './removed-blob.ts';
import { createExpiryRule, type ExpiryRule, type ExpirySettings } from './expiry-rule.ts';

export interface ExpireOptions {
  readonly layout: Layout;
  readonly expiry: ExpirySettings;
  readonly dryRun: boolean;
  readonly log: Logger;
  readonly now: () => number;
  readonly isPinned: (digest: Digest) => boolean;
  readonly onExpired?: (blob: RemovedBlob) => void;
  /** Is told of what has not expired. */
  readonly onBlob: (blob: StoredBlob) => void;
  /** Heeded every few blobs. */
  readonly signal: AbortSignal;
}

export interface ExpiryResult {
  readonly expired: ExpirySummary;
  /** Of what has not expired. */
  readonly remaining: Usage;
}

/** Removes the blobs whose time is over, unless they are pinned, and adds up the others: in one walk, since walking is most of a pass's work. */
export async function expireBlobs(options: ExpireOptions): Promise<ExpiryResult> {
  const { layout, dryRun, log, signal } = options;
  const rule = createExpiryRule(options.expiry, options.now);
  const removal = createRemoval(rule, options);
  const ahead = createAheadBlobs(options);

  const isGone = async ({ blob }: BlobFolder): Promise<boolean> =>
    blob !== undefined && rule.isExpired(blob) && !options.isPinned(blob.digest) && removal.remove(blob);

  async function* remaining(): AsyncGenerator<readonly BlobFolder[]> {
    for await (const folders of walkBlobFolders(layout, signal)) {
      const areGone = await Promise.all(folders.map(isGone));
      yield folders.filter((_, index) => areGone[index] !== true);
    }
  }

  try {
    const usage = await measureUsage(remaining(), (blob) => {
      if (rule.isAhead(blob)) ahead.add(blob);
      else options.onBlob(blob);
    });
    await ahead.settle(usage.blobs);
    return { expired: removal.summary(), remaining: usage };
  } finally {
    // Also when the walk was stopped half way.
    const summary = removal.summary();
    if (summary.blobs + summary.failed > 0) log.info({ ...summary, dryRun }, 'expired');
  }
}

interface Removal {
  /** True when the blob is gone, or in a dry run would be. */
  remove(blob: StoredBlob): Promise<boolean>;
  summary(): ExpirySummary;
}

function createRemoval(
  rule: ExpiryRule,
  { layout, expiry: { blobTtlMs, from }, dryRun, onExpired, log }: ExpireOptions,
): Removal {
  let blobs = 0;
  let bytes = 0;
  let failed = 0;
  return {
    async remove(blob) {
      const { digest, sizeBytes } = blob;
      const outcome = await removeBlobIf(layout, digest, rule.isExpired, dryRun).catch((err: unknown) => {
        // A disk that refuses one blob may refuse a million.
        if (failed === 0) log.error({ err, digest }, 'expired blob could not be removed');
        failed += 1;
        return 'failed' as const;
      });
      if (outcome === 'removed') {
        blobs += 1;
        bytes += sizeBytes;
        log.debug({ ...blob, dryRun }, 'blob expired');
        if (!dryRun) onExpired?.(blob);
      }
      return outcome === 'removed' || outcome === 'absent';
    },
    summary: () => ({ blobTtlMs, from, blobs, bytes, failed }),
  };
}

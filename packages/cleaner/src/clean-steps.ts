import type { CleanerSettings } from '@registry-cache/config';
import type { Digest } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import type { Layout } from '@registry-cache/store';
import type { PinFile } from '@registry-cache/store/images';
import {
  measureDisk,
  measureUsage,
  sweepBlobFolders,
  sweepFills,
  sweepLinks,
  sweepUploads,
  walkBlobFolders,
  type CleanReport,
  type EvictionSummary,
  type Usage,
} from '@registry-cache/store/maintenance';
import type { AccessOrder } from './access-order.ts';
import { expireBlobs } from './expire-blobs.ts';
import type { RemovedBlob } from './removed-blob.ts';
import { evictLeastRecentlyUsed } from './evict-least-recently-used.ts';
import { findPinned } from './find-pinned.ts';

export interface CleanPassOptions {
  readonly layout: Layout;
  readonly settings: CleanerSettings;
  readonly dryRun: boolean;
  /** Pins that were set by command; those of the configuration are in the settings. */
  readonly pinFile: Pick<PinFile, 'read'>;
  readonly log: Logger;
  readonly now: () => number;
  /** Is told of each blob that went for want of room; not in a dry run. */
  readonly onEvicted?: (blob: RemovedBlob) => void;
  /** Is told of each blob that went by age; not in a dry run. */
  readonly onExpired?: (blob: RemovedBlob) => void;
  /** Ends the pass between two evictions. */
  readonly signal: AbortSignal;
}

export interface StepOptions extends CleanPassOptions {
  /** The blobs that measuring found, for the steps after it: walking is most of a pass's work, and is done once. */
  readonly found: AccessOrder;
  /** They neither expire nor are they evicted. */
  readonly isPinned: (digest: Digest) => boolean;
}

/** A part of a pass: does its work, and adds to the report of those before it. */
export type Step = (report: CleanReport, options: StepOptions) => Promise<CleanReport>;

/** A fill is given up by its worker long before nobody has written to it for this long. */
const FILL_IDLE_MS = 60 * 60 * 1000;
/** As long as distribution itself keeps them. */
const UPLOAD_IDLE_MS = 7 * 24 * 60 * 60 * 1000;
/** A link is written at most this long before the blob that it is for. */
const LINK_GRACE_MS = 10 * 60 * 1000;
/**
 * What a pass that makes room leaves of the used size. With less than a tenth freed, a busy cache would be back at a full disk
 * before the pass has ended; with much more, one blob that does not fit would cost what many clients still pull.
 */
const SHARE_KEPT_FOR_ROOM = 0.9;

export async function sweepIdleFills(report: CleanReport, options: StepOptions): Promise<CleanReport> {
  const { layout, log, now, dryRun, signal } = options;
  const sweptFills = await sweepFills(layout, { unchangedSinceMs: now() - FILL_IDLE_MS, dryRun, signal });
  if (sweptFills.files > 0) log.info({ ...sweptFills, dryRun }, 'leftovers of fills removed');
  return { ...report, sweptFills };
}

export async function sweepIdleUploads(report: CleanReport, options: StepOptions): Promise<CleanReport> {
  const { layout, log, now, dryRun, signal } = options;
  const unchangedSinceMs = now() - UPLOAD_IDLE_MS;
  const sweptUploads = await sweepUploads(layout, { unchangedSinceMs, dryRun, signal });
  if (sweptUploads.folders > 0) {
    log.info({ ...sweptUploads, dryRun }, 'uploads that a registry before us did not finish removed');
  }
  return { ...report, sweptUploads };
}

/** Where nothing expires, it only measures. */
export async function expireAndMeasure(report: CleanReport, options: StepOptions): Promise<CleanReport> {
  const { expiry } = options.settings;
  if (expiry === undefined) return measure(report, options);
  const { expired, remaining } = await expireBlobs({ ...options, expiry, onBlob: options.found.add });
  const measured = await withUsage(report, remaining, options);
  return {
    ...measured,
    expired,
    usedBytesBefore: remaining.usedBytes + expired.bytes,
    blobsBefore: remaining.blobs + expired.blobs,
  };
}

export async function measure(report: CleanReport, options: StepOptions): Promise<CleanReport> {
  const usage = await measureUsage(walkBlobFolders(options.layout, options.signal), options.found.add);
  return withUsage(report, usage, options);
}

async function withUsage(
  report: CleanReport,
  { usedBytes, blobs, emptyFolders }: Usage,
  { layout, log, dryRun, found, signal }: StepOptions,
): Promise<CleanReport> {
  const disk = await measureDisk(layout);
  const { maxSizeBytes, thresholdBytes } = report;
  const { freeBytes } = disk;
  const pinned = { ...found.kept };
  const figures = { usedBytes, maxSizeBytes, thresholdBytes, freeBytes, blobs };
  log.info(pinned.blobs === 0 ? figures : { ...figures, pinnedBytes: pinned.bytes }, 'used size');
  if (!dryRun) await sweepBlobFolders(layout, emptyFolders, signal);
  return {
    ...report,
    usedBytesBefore: usedBytes,
    usedBytesAfter: usedBytes,
    blobsBefore: blobs,
    disk,
    pinned,
    oldestAccessMs: found.oldestAccessMs,
  };
}

/** Has the steps after it evict though the store is within its limit: the disk is smaller than that. */
export async function lowerLimit(report: CleanReport): Promise<CleanReport> {
  const maxSizeBytes = Math.min(
    report.maxSizeBytes,
    Math.floor(report.usedBytesBefore * SHARE_KEPT_FOR_ROOM),
  );
  return { ...report, maxSizeBytes, thresholdBytes: maxSizeBytes };
}

export async function evict(report: CleanReport, options: StepOptions): Promise<CleanReport> {
  if (report.usedBytesAfter <= report.thresholdBytes) return report;
  const { dryRun, layout, log } = options;
  const startedAtMs = performance.now();
  const { maxSizeBytes } = report;
  // Anew: what was pinned during the walk is not among what it left out.
  const pinned = await findPinned(options);
  const isPinned = (digest: Digest): boolean => pinned.has(digest);
  const evicting = evictLeastRecentlyUsed({ ...options, maxSizeBytes, isPinned });
  const { usedBytes, evicted, oldestAccessMs } = await evicting;
  const { freeBytes } = await measureDisk(layout);
  const durationMs = Math.round(performance.now() - startedAtMs);
  log.info({ ...readable(evicted), usedBytes, freeBytes, dryRun, durationMs }, 'evicted');
  return { ...report, usedBytesAfter: usedBytes, evicted, oldestAccessMs };
}

export async function sweepDeadLinks(report: CleanReport, options: StepOptions): Promise<CleanReport> {
  const { layout, log, now, dryRun, signal } = options;
  const sweptLinks = await sweepLinks(layout, { unchangedSinceMs: now() - LINK_GRACE_MS, dryRun, signal });
  const { layers, revisions, tags } = sweptLinks;
  if (layers + revisions + tags > 0) log.info({ ...sweptLinks, dryRun }, 'dead links removed');
  return { ...report, sweptLinks };
}

/** Times as an operator reads them. */
function readable({ oldestAccessMs, newestAccessMs, ...counts }: EvictionSummary): Record<string, unknown> {
  return { ...counts, oldestAccess: isoTime(oldestAccessMs), newestAccess: isoTime(newestAccessMs) };
}

function isoTime(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

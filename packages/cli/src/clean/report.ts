import type { CleanReport, ExpirySummary } from '@registry-cache/store/maintenance';
import { formatBytes, formatCount, formatDuration } from '../terminal/quantities.ts';

/** What a cleaning pass did, in a few lines for people. */
export function formatCleanReport(report: CleanReport): string[] {
  const { expired, evicted, pinned, disk, sweptFills, sweptUploads, sweptLinks } = report;
  const links = sweptLinks.layers + sweptLinks.revisions + sweptLinks.tags;
  const failed = evicted.failed + (expired?.failed ?? 0);
  return [
    `used      ${formatBytes(report.usedBytesBefore)} in ${formatCount(report.blobsBefore, 'blob')}`,
    `limit     ${formatBytes(report.maxSizeBytes)}, cleaned above ${formatBytes(report.thresholdBytes)}`,
    `disk      ${formatBytes(disk.freeBytes)} of ${formatBytes(disk.sizeBytes)} free`,
    ...(expired === undefined
      ? []
      : [`${report.dryRun ? 'to expire' : 'expired  '} ${formatExpired(expired)}`]),
    `${report.dryRun ? 'to evict ' : 'evicted  '} ${formatEvicted(report)}`,
    ...(pinned.blobs > 0
      ? [`pinned    ${formatBytes(pinned.bytes)} in ${formatCount(pinned.blobs, 'blob')}, which stay`]
      : []),
    ...(evicted.spared > 0
      ? [`spared    ${formatCount(evicted.spared, 'blob')}, used or pinned meanwhile`]
      : []),
    ...(failed > 0 ? [`failed    ${formatCount(failed, 'blob')}: the log says why`] : []),
    `leftovers ${formatCount(sweptFills.files, 'unfinished fill')} of ${formatBytes(sweptFills.bytes)}, ${formatCount(links, 'dead link')}`,
    ...(sweptUploads.folders > 0
      ? [
          `          ${formatCount(sweptUploads.folders, 'unfinished upload')} of ${formatBytes(sweptUploads.bytes)}, from a registry before`,
        ]
      : []),
    `${report.dryRun ? 'would use' : 'uses now '} ${formatBytes(report.usedBytesAfter)}`,
    `took      ${formatDuration(report.steps.reduce((sum, { durationMs }) => sum + durationMs, 0))}`,
  ];
}

function formatExpired({ blobs, bytes, from, blobTtlMs }: ExpirySummary): string {
  const age = `${from === 'pulled' ? 'pulled last' : from} more than ${formatDuration(blobTtlMs)} ago`;
  return blobs === 0
    ? `nothing was ${age}`
    : `${formatCount(blobs, 'blob')} of ${formatBytes(bytes)}, ${age}`;
}

function formatEvicted({ evicted, usedBytesAfter, thresholdBytes }: CleanReport): string {
  if (evicted.count === 0) return usedBytesAfter <= thresholdBytes ? 'nothing: within the limit' : 'nothing';
  const span = [evicted.oldestAccessMs, evicted.newestAccessMs]
    .filter((ms) => ms !== undefined)
    .map((ms) => new Date(ms).toISOString());
  return `${formatCount(evicted.count, 'blob')} of ${formatBytes(evicted.bytes)}, last used ${span.join(' to ')}`;
}

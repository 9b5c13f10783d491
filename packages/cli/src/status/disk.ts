import type { DiskStatus } from '@registry-cache/control';
import { formatBar } from '../terminal/bar.ts';
import { formatBytes, formatCount } from '../terminal/quantities.ts';
import type { Style, Terminal } from '../terminal/terminal.ts';
import { formatAgo } from '../terminal/time-spans.ts';

const BAR_WIDTH = 30;

/** What is used of the limit, and of the disk. */
export function formatDisk(disk: DiskStatus, terminal: Terminal, nowMs: number): string[] {
  const { usedBytes, maxSizeBytes, thresholdBytes, measuredAtMs, freeBytes } = disk;
  const limit = formatBytes(maxSizeBytes);
  if (usedBytes === undefined) return [`disk      up to ${limit}; what is used is being measured`];
  const share = maxSizeBytes === 0 ? 1 : usedBytes / maxSizeBytes;
  const bar = terminal.isInteractive
    ? `${formatBar(share, BAR_WIDTH, styleOf(disk, usedBytes), terminal)}  `
    : '';
  const details = [
    ...(freeBytes === undefined ? [] : [`${formatBytes(freeBytes)} free on the disk`]),
    `cleaned above ${formatBytes(thresholdBytes)}`,
    ...(measuredAtMs === undefined ? [] : [`measured ${formatAgo(measuredAtMs, nowMs)}`]),
  ];
  return [
    `disk      ${bar}${formatBytes(usedBytes)} of ${limit} (${Math.round(share * 100)} %)${formatContents(disk)}`,
    `          ${details.join(', ')}`,
  ];
}

function formatContents({ blobs, pinnedBytes = 0 }: DiskStatus): string {
  const contents = [
    ...(blobs === undefined ? [] : [`in ${formatCount(blobs, 'blob')}`]),
    ...(pinnedBytes === 0 ? [] : [`${formatBytes(pinnedBytes)} of it pinned`]),
  ];
  return contents.length === 0 ? '' : ` ${contents.join(', ')}`;
}

/** A cache is full most of its life: that is no reason for red, unless it does not come down again. */
function styleOf({ thresholdBytes, freeBytes = 1, pinnedBytes = 0 }: DiskStatus, usedBytes: number): Style {
  if (freeBytes === 0 || pinnedBytes > thresholdBytes) return 'red';
  return usedBytes > thresholdBytes ? 'yellow' : 'green';
}

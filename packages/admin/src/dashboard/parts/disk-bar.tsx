import type { DiskStatus } from '@registry-cache/control';
import type { JSX } from 'preact';
import { formatBytes } from '../quantities.ts';

/** Used space against the limit: what pins keep, the rest, and the limit itself. The bar ends where cleaning begins. */
export function DiskBar({ disk }: { readonly disk: DiskStatus }): JSX.Element {
  const { usedBytes = 0, pinnedBytes = 0, maxSizeBytes, thresholdBytes } = disk;
  const fullBytes = Math.max(maxSizeBytes, thresholdBytes, 1);
  const percent = (bytes: number): number => Math.min(100, (bytes / fullBytes) * 100);
  const used = percent(usedBytes);
  const pinned = Math.min(used, percent(pinnedBytes));
  const label = `${formatBytes(usedBytes)} of ${formatBytes(maxSizeBytes)} used, ${formatBytes(pinnedBytes)} of it pinned`;
  return (
    <svg class={`disk-bar${usedBytes > thresholdBytes ? ' full' : ''}`} role="img" aria-label={label}>
      <rect class="track" width="100%" height="10" rx="5" />
      <rect class="used" width={`${used.toFixed(2)}%`} height="10" rx="5" />
      <rect class="pinned" width={`${pinned.toFixed(2)}%`} height="10" rx="5" />
      <line
        class="limit"
        x1={`${percent(maxSizeBytes).toFixed(2)}%`}
        x2={`${percent(maxSizeBytes).toFixed(2)}%`}
        y1="-2"
        y2="12"
      />
    </svg>
  );
}

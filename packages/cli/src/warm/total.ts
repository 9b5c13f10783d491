import type { WarmEvent } from '@registry-cache/control';
import { formatBytes, formatCount } from '../terminal/quantities.ts';
import { formatFetched } from './outcome.ts';

/** What has come of all images so far. */
export interface WarmTotal {
  readonly done: number;
  readonly failed: number;
  readonly bytesTotal: number;
  readonly bytesFetched: number;
}

export interface WarmTotalCounter {
  take(event: WarmEvent): void;
  read(): WarmTotal;
}

export function createWarmTotal(): WarmTotalCounter {
  let total: WarmTotal = { done: 0, failed: 0, bytesTotal: 0, bytesFetched: 0 };
  return {
    take(event) {
      if (event.type === 'failed') total = { ...total, failed: total.failed + 1 };
      if (event.type !== 'done') return;
      total = {
        ...total,
        done: total.done + 1,
        bytesTotal: total.bytesTotal + event.bytesTotal,
        bytesFetched: total.bytesFetched + event.bytesFetched,
      };
    },
    read: () => total,
  };
}

/** `2 images warm, 1 failed: 12.0 MiB, 4.0 MiB of it fetched` */
export function formatWarmTotal({ done, failed, bytesTotal, bytesFetched }: WarmTotal): string {
  const counts = `${formatCount(done, 'image')} warm${failed === 0 ? '' : `, ${failed} failed`}`;
  if (done === 0) return counts;
  return `${counts}: ${formatBytes(bytesTotal)}, ${formatFetched(bytesFetched, bytesTotal)}`;
}

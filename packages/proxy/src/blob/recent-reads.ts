import { LRUCache } from 'lru-cache';
import type { Range } from './chunks.ts';

/** Which parts of which blobs were read a moment ago, and so lie in the kernel's memory. */
export interface RecentReads {
  /** Of a range within one window. */
  has(accelPath: string, range: Range): boolean;
  /** The window that the range ends in counts where all of it was read; the blob's last one is as long as it is. */
  add(accelPath: string, range: Range, blobBytes: number): void;
}

export const WINDOW_BYTES: number = 4 * 1024 * 1024;

// Whoever pulls what others have just pulled comes within seconds, and the kernel keeps it for longer unless memory is short.
const RECENT_MS = 30_000;
// Of 16 GiB.
const MAX_WINDOWS = 4096;

export function createRecentReads(now: () => number): RecentReads {
  const readAtMs = new LRUCache<string, number>({ max: MAX_WINDOWS });
  return {
    has: (accelPath, { start }) =>
      now() - (readAtMs.get(windowOf(accelPath, start)) ?? -Infinity) < RECENT_MS,
    add: (accelPath, { start, end }, blobBytes) => {
      const windowStart = end - (end % WINDOW_BYTES);
      const isToItsEnd = (end + 1) % WINDOW_BYTES === 0 || end === blobBytes - 1;
      if (start <= windowStart && isToItsEnd) readAtMs.set(windowOf(accelPath, windowStart), now());
    },
  };
}

function windowOf(accelPath: string, start: number): string {
  return `${accelPath} ${Math.floor(start / WINDOW_BYTES)}`;
}

import type { RateLimitStatus, RunningFill } from './status.ts';

// What processes add to their observations for the admin process.

/** Of a worker. */
export interface WorkerDetail {
  readonly fills: readonly Omit<RunningFill, 'upstream'>[];
  /** Missing where it has stored nothing yet. */
  readonly lastStoredAtMs?: number;
  /** Missing while it answers. */
  readonly outage?: {
    readonly state: 'down' | 'limited';
    readonly problem: string;
    readonly askedAgainAtMs: number;
  };
  /** What it last said of its limit. */
  readonly rateLimit?: RateLimitStatus;
}

/** Of the cleaner, after its first pass. */
export interface CleanerDetail {
  readonly measuredAtMs: number;
  readonly usedBytes: number;
  readonly blobs: number;
  readonly freeBytes: number;
  readonly pinnedBytes: number;
  /** Access time of the blob that would be evicted next; missing where none would. */
  readonly oldestAccessMs?: number;
}

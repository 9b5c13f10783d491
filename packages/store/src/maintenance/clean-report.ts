import type { DiskSpace } from './measure-disk.ts';
import type { SweptFills } from './sweep-fills.ts';
import type { SweptLinks } from './sweep-links.ts';
import type { SweptUploads } from './sweep-uploads.ts';

/** What one cleaning pass did, or in a dry run would do. A pass that was stopped has done only its first steps. */
export interface CleanReport {
  readonly dryRun: boolean;
  readonly maxSizeBytes: number;
  /** Above this a pass evicts. */
  readonly thresholdBytes: number;
  /** With the blobs that expired in this pass. */
  readonly usedBytesBefore: number;
  /** When the store was measured: after blobs have expired, and before any is evicted. */
  readonly disk: DiskSpace;
  readonly usedBytesAfter: number;
  readonly blobsBefore: number;
  /** Missing where blobs do not expire. */
  readonly expired?: ExpirySummary;
  readonly evicted: EvictionSummary;
  /** What is stored and stays, whatever its age and however little room there is. */
  readonly pinned: { readonly blobs: number; readonly bytes: number };
  /** Access time of the blob that would be evicted next; undefined where there is none. */
  readonly oldestAccessMs: number | undefined;
  readonly sweptFills: SweptFills;
  readonly sweptUploads: SweptUploads;
  readonly sweptLinks: SweptLinks;
  /** How long each step took, in the order they ran. */
  readonly steps: readonly { readonly name: string; readonly durationMs: number }[];
}

export interface ExpirySummary {
  readonly blobTtlMs: number;
  /** What the time to live is counted from. */
  readonly from: 'fetched' | 'pulled';
  readonly blobs: number;
  readonly bytes: number;
  /** Could not be removed; the log says why. */
  readonly failed: number;
}

export interface EvictionSummary {
  readonly count: number;
  readonly bytes: number;
  /** Used, or pinned, between the walk and the eviction. */
  readonly spared: number;
  /** Could not be removed; the log says why. */
  readonly failed: number;
  /** Access times of the first and the last blob evicted; undefined when there was none. */
  readonly oldestAccessMs: number | undefined;
  readonly newestAccessMs: number | undefined;
}

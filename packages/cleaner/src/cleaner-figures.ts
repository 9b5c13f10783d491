import type { CleanerSettings } from '@registry-cache/config';
import type { CleanerDetail } from '@registry-cache/control';
import type { Gauge, GaugeName, ObservationDetail, Tally } from '@registry-cache/runtime';
import type { CleanReport } from '@registry-cache/store/maintenance';
import { thresholdBytes } from './threshold.ts';
import type { RemovedBlob } from './removed-blob.ts';

/** What there is to tell of the cleaner: of the store as its last pass left it, and of what went since the start. */
export interface CleanerFigures {
  /** Of a pass that was no dry run. */
  passed(report: CleanReport): void;
  failed(): void;
  evicted(blob: RemovedBlob): void;
  expired(blob: RemovedBlob): void;
  observe(settings: CleanerSettings): ObservationDetail;
}

export function createCleanerFigures(tally: Tally, now: () => number): CleanerFigures {
  let last: CleanerDetail | undefined;
  return {
    passed(report) {
      tally.add('cleaner_passes_total', ['done']);
      last = detailOf(report, now());
    },
    failed: () => tally.add('cleaner_passes_total', ['failed']),
    evicted({ sizeBytes }) {
      tally.add('evicted_blobs_total', []);
      tally.add('evicted_bytes_total', [], sizeBytes);
    },
    expired({ sizeBytes }) {
      tally.add('expired_blobs_total', []);
      tally.add('expired_bytes_total', [], sizeBytes);
    },
    observe: (settings) => ({
      gauges: [...limitGauges(settings), ...(last === undefined ? [] : storeGauges(last))],
      ...(last === undefined ? {} : { detail: last }),
    }),
  };
}

function detailOf(report: CleanReport, measuredAtMs: number): CleanerDetail {
  const { evicted, expired, disk, pinned, oldestAccessMs } = report;
  return {
    measuredAtMs,
    usedBytes: report.usedBytesAfter,
    blobs: report.blobsBefore - (expired?.blobs ?? 0) - evicted.count,
    freeBytes: disk.freeBytes + evicted.bytes,
    pinnedBytes: pinned.bytes,
    ...(oldestAccessMs === undefined ? {} : { oldestAccessMs }),
  };
}

function limitGauges(settings: CleanerSettings): Gauge[] {
  return [
    gauge('disk_limit_bytes', settings.maxSizeBytes),
    gauge('disk_threshold_bytes', thresholdBytes(settings)),
  ];
}

function storeGauges({ usedBytes, freeBytes, blobs, pinnedBytes, oldestAccessMs }: CleanerDetail): Gauge[] {
  return [
    gauge('disk_used_bytes', usedBytes),
    gauge('disk_free_bytes', freeBytes),
    gauge('blobs', blobs),
    gauge('pinned_bytes', pinnedBytes),
    ...(oldestAccessMs === undefined
      ? []
      : [gauge('oldest_access_timestamp_seconds', oldestAccessMs / 1000)]),
  ];
}

function gauge(metric: GaugeName, value: number): Gauge {
  return { metric, labels: [], value };
}

import type { Logger } from '@registry-cache/runtime';
import type { StorageError } from './storage-error.ts';

export interface StorageAlarmOptions {
  /** Asks for room to be made. */
  readonly reportDiskFull: () => void;
  readonly log: Logger;
  /** Milliseconds of any clock that does not go back. */
  readonly now: () => number;
}

// A full disk is met by every blob of every pull.
const LOG_EVERY_MS = 60_000;
const REPORT_EVERY_MS = 5_000;

/** What is done about a disk that does not take what we store: it is said, though not each time, and room is asked for. */
export function createStorageAlarm({
  reportDiskFull,
  log,
  now,
}: StorageAlarmOptions): (error: StorageError) => void {
  let loggedAt = -Infinity;
  let reportedAt = -Infinity;
  return (err) => {
    if (now() - loggedAt >= LOG_EVERY_MS) {
      loggedAt = now();
      log.error({ err }, 'nothing can be stored, pulls go on straight from the upstream');
    }
    if (err.isDiskFull && now() - reportedAt >= REPORT_EVERY_MS) {
      reportedAt = now();
      reportDiskFull();
    }
  };
}

import type { Logger } from '@registry-cache/runtime';
import type { PlannedProcess } from './process-plan.ts';

/** Turns many reports of a full disk into few passes that make room. */
export interface DiskPressure {
  /** @param reporter the process that found no room */
  report(reporter: PlannedProcess): void;
}

export interface DiskPressureOptions {
  /** Asks whoever can to free some of it. */
  readonly makeRoom: () => void;
  readonly log: Logger;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

const MIN_INTERVAL_MS = 10_000;
// Long enough for a disk that is filled again as soon as room was made to be one problem, and told once.
const EPISODE_ENDS_AFTER_MS = 5 * 60_000;

export function createDiskPressure({ makeRoom, log, now }: DiskPressureOptions): DiskPressure {
  let askedAtMs = -Infinity;
  let reportedAtMs = -Infinity;
  return {
    report({ id, settings }) {
      const nowMs = now();
      if (nowMs - reportedAtMs >= EPISODE_ENDS_AFTER_MS) {
        log.warn(
          { dataDirectory: settings.rootDirectory, reporter: id },
          'disk of the data directory is full, making room early: lower cleaner.maxsize, or give the disk more room',
        );
      }
      reportedAtMs = nowMs;
      if (nowMs - askedAtMs < MIN_INTERVAL_MS) return;
      askedAtMs = nowMs;
      makeRoom();
    },
  };
}

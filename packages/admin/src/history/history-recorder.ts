import type { History, HistoryPoint } from '@registry-cache/control';
import type { Logger } from '@registry-cache/runtime';
import type { HistoryFile } from '@registry-cache/store';
import type { HistoryRange } from '../cache.ts';
import { addTo, openSeries, type Counted, type Series } from './series.ts';

/** How the cache was used, over restarts: minutes for a day, hours for a year. */
export interface HistoryRecorder {
  /** @param totals what was counted since this process started */
  record(totals: Counted): void;
  list(range: HistoryRange): History;
  /** Resolves when everything is on disk, or has failed to get there. */
  close(): Promise<void>;
}

export interface HistoryRecorderOptions {
  readonly openFile: (name: string) => HistoryFile;
  readonly log: Logger;
  /** ms since the epoch; may be set back and forth */
  readonly now: () => number;
  /** Asked at the first look: whether what was counted before it came in a time that nobody knows, as where this process has slept. */
  readonly beginsAnew?: () => boolean;
}

const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;
const NOTHING: Counted = { hits: 0, misses: 0, clientBytes: 0, upstreamBytes: 0, savedBytes: 0 };
const KEEP = { minutes: 26 * HOUR, hours: 396 * DAY };

const RANGES: Readonly<Record<HistoryRange, { readonly seconds: number; readonly stepSeconds: number }>> = {
  day: { seconds: DAY, stepSeconds: MINUTE },
  month: { seconds: 31 * DAY, stepSeconds: HOUR },
  year: { seconds: 366 * DAY, stepSeconds: 6 * HOUR },
};

export async function openHistory(options: HistoryRecorderOptions): Promise<HistoryRecorder> {
  const { openFile, log, now, beginsAnew = () => false } = options;
  const open = (name: keyof typeof KEEP, stepSeconds: number): Promise<Series> =>
    openSeries({ file: openFile(name), stepSeconds, keepSeconds: KEEP[name], log, now });
  const minutes = await open('minutes', MINUTE);
  const hours = await open('hours', HOUR);
  completeHours(minutes, hours);

  let before: Counted | undefined;
  let recordedAt = now() / 1000;
  return {
    record(totals) {
      const seconds = now() / 1000;
      const at = middleOf(recordedAt, seconds);
      recordedAt = seconds;
      before ??= beginsAnew() ? totals : NOTHING;
      const counted = difference(totals, before);
      before = totals;
      minutes.add(stepOf(at, MINUTE), counted);
      hours.add(stepOf(at, HOUR), counted);
    },
    list(range) {
      const { seconds, stepSeconds } = RANGES[range];
      const to = now() / 1000;
      const points = (range === 'day' ? minutes : hours).points(to - seconds, to);
      return { stepSeconds, points: inSteps(points, stepSeconds) };
    },
    async close() {
      await Promise.all([minutes.flush(), hours.flush()]);
    },
  };
}

/** A process that was killed has not written the hour in which it was; its minutes are there. */
function completeHours(minutes: Series, hours: Series): void {
  const counted = minutes.points(0, Number.POSITIVE_INFINITY);
  const known = new Map(hours.points(0, Number.POSITIVE_INFINITY).map((point) => [point.at, point]));
  for (const hour of inSteps(counted, HOUR)) {
    const requests = ({ hits, misses }: HistoryPoint): number => hits + misses;
    const stored = known.get(hour.at);
    // Of the oldest hour the first minutes may be gone already.
    if (stored === undefined || requests(stored) < requests(hour)) hours.correct(hour);
  }
}

/** Most of what was counted between two looks belongs to the minute in the middle; after a sleep of the machine, to now. */
function middleOf(from: number, to: number): number {
  return to >= from && to - from <= 2 * MINUTE ? (from + to) / 2 : to;
}

function stepOf(seconds: number, stepSeconds: number): number {
  return Math.floor(seconds / stepSeconds) * stepSeconds;
}

function inSteps(points: readonly HistoryPoint[], stepSeconds: number): readonly HistoryPoint[] {
  const steps = new Map<number, HistoryPoint>();
  for (const { at, ...counted } of points) {
    const step = stepOf(at, stepSeconds);
    steps.set(step, addTo(steps.get(step), step, counted));
  }
  return [...steps.values()];
}

function difference(now: Counted, before: Counted): Counted {
  return {
    hits: now.hits - before.hits,
    misses: now.misses - before.misses,
    clientBytes: now.clientBytes - before.clientBytes,
    upstreamBytes: now.upstreamBytes - before.upstreamBytes,
    savedBytes: now.savedBytes - before.savedBytes,
    ...(now.usedBytes === undefined ? {} : { usedBytes: now.usedBytes }),
  };
}

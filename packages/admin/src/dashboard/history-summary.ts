import type { History, HistoryPoint } from '@registry-cache/control';
import type { HistoryRange } from '../cache.ts';

/** What is shown of one range. */
export interface RangeDefinition {
  readonly label: string;
  /** In a sentence: `12,840 requests in the last 24 hours`. */
  readonly spoken: string;
  readonly seconds: number;
  readonly chartStepSeconds: number;
  readonly tableStepSeconds: number;
}

const HOUR_SECONDS = 3600;
const DAY_SECONDS = 24 * HOUR_SECONDS;

export const RANGES: Readonly<Record<HistoryRange, RangeDefinition>> = {
  day: {
    label: 'Day',
    spoken: 'last 24 hours',
    seconds: DAY_SECONDS,
    chartStepSeconds: 15 * 60,
    tableStepSeconds: HOUR_SECONDS,
  },
  month: {
    label: 'Month',
    spoken: 'last 31 days',
    seconds: 31 * DAY_SECONDS,
    chartStepSeconds: 6 * HOUR_SECONDS,
    tableStepSeconds: DAY_SECONDS,
  },
  year: {
    label: 'Year',
    spoken: 'last year',
    seconds: 366 * DAY_SECONDS,
    chartStepSeconds: 3 * DAY_SECONDS,
    tableStepSeconds: 28 * DAY_SECONDS,
  },
};

export function parseRange(text: string | null): HistoryRange {
  return text === 'month' || text === 'year' ? text : 'day';
}

/** What was counted in a longer time. */
export interface HistorySum extends HistoryPoint {
  readonly requests: number;
  /** 0 to 1; undefined where nothing was asked for. */
  readonly hitRatio: number | undefined;
}

/** Steps of the same length, each the sum of the points that begin in it; steps of which nothing is known are left out. */
export function rollUp({ points }: History, stepSeconds: number): readonly HistorySum[] {
  const steps = new Map<number, HistoryPoint[]>();
  for (const point of points) {
    const at = Math.floor(point.at / stepSeconds) * stepSeconds;
    const step = steps.get(at);
    if (step === undefined) steps.set(at, [point]);
    else step.push(point);
  }
  return [...steps].map(([at, step]) => sumUp(at, step));
}

/** All steps of a range up to now, for a chart: also those of which nothing is known, so that a day is as wide as a day. */
export function chartSteps(history: History, range: HistoryRange, nowMs: number): readonly HistorySum[] {
  const { seconds, chartStepSeconds } = RANGES[range];
  const known = new Map(rollUp(history, chartStepSeconds).map((sum) => [sum.at, sum]));
  const last = Math.floor(nowMs / 1000 / chartStepSeconds) * chartStepSeconds;
  const count = Math.floor(seconds / chartStepSeconds);
  return Array.from({ length: count }, (_none, index) => {
    const at = last - (count - 1 - index) * chartStepSeconds;
    return known.get(at) ?? sumUp(at, []);
  });
}

/** All points together, as one. */
export function sumUp(at: number, points: readonly HistoryPoint[]): HistorySum {
  const sum = { at, hits: 0, misses: 0, clientBytes: 0, upstreamBytes: 0, savedBytes: 0 };
  let usedBytes: number | undefined;
  for (const point of points) {
    sum.hits += point.hits;
    sum.misses += point.misses;
    sum.clientBytes += point.clientBytes;
    sum.upstreamBytes += point.upstreamBytes;
    sum.savedBytes += point.savedBytes;
    usedBytes = point.usedBytes ?? usedBytes;
  }
  const requests = sum.hits + sum.misses;
  return {
    ...sum,
    ...(usedBytes === undefined ? {} : { usedBytes }),
    requests,
    hitRatio: requests === 0 ? undefined : sum.hits / requests,
  };
}

/** As the chart library takes it: `/dashboard/history`. */
export interface HistoryColumns {
  readonly at: readonly number[];
  readonly hitRatio: readonly (number | null)[];
  readonly savedBytes: readonly number[];
  readonly upstreamBytes: readonly number[];
}

export function toColumns(sums: readonly HistorySum[]): HistoryColumns {
  return {
    at: sums.map(({ at }) => at),
    hitRatio: sums.map(({ hitRatio }) => hitRatio ?? null),
    savedBytes: sums.map(({ savedBytes }) => savedBytes),
    upstreamBytes: sums.map(({ upstreamBytes }) => upstreamBytes),
  };
}

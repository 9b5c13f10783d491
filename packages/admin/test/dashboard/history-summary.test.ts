import { expect, test } from 'vitest';
import { chartSteps, rollUp, sumUp, toColumns } from '../../src/dashboard/history-summary.ts';

const point = (at: number, hits: number, misses: number, usedBytes?: number) => ({
  at,
  hits,
  misses,
  clientBytes: 10,
  upstreamBytes: 4,
  savedBytes: 6,
  ...(usedBytes === undefined ? {} : { usedBytes }),
});

test('points are added up in steps that begin at round times', () => {
  const history = { stepSeconds: 60, points: [point(840, 1, 1), point(900, 3, 1), point(960, 5, 0, 7)] };
  expect(rollUp(history, 900)).toEqual([
    {
      at: 0,
      hits: 1,
      misses: 1,
      clientBytes: 10,
      upstreamBytes: 4,
      savedBytes: 6,
      requests: 2,
      hitRatio: 0.5,
    },
    {
      at: 900,
      hits: 8,
      misses: 1,
      clientBytes: 20,
      upstreamBytes: 8,
      savedBytes: 12,
      requests: 9,
      hitRatio: 8 / 9,
      usedBytes: 7,
    },
  ]);
});

test('nothing asked for is no ratio, and a gap in the chart', () => {
  const sums = rollUp({ stepSeconds: 60, points: [point(0, 0, 0)] }, 900);
  expect(sums[0]?.hitRatio).toBeUndefined();
  expect(toColumns(sums)).toEqual({ at: [0], hitRatio: [null], savedBytes: [6], upstreamBytes: [4] });
  expect(sumUp(0, []).hitRatio).toBeUndefined();
});

test('a chart of a day is a day wide, however little is known', () => {
  const nowMs = 10 * 86_400_000 + 100_000;
  const steps = chartSteps({ stepSeconds: 60, points: [point(nowMs / 1000 - 60, 1, 0)] }, 'day', nowMs);
  expect(steps).toHaveLength(96);
  expect(steps.filter(({ requests }) => requests > 0).map(({ at }) => at)).toEqual([10 * 86_400]);
  expect(steps.at(-1)?.at).toBe(10 * 86_400);
  expect(toColumns(steps).hitRatio.filter((ratio) => ratio !== null)).toEqual([1]);
});

import { METRICS, type CounterName, type HistogramName, type LabelsOf } from './metrics.ts';

/** Counts what a process does, at the cost of a look into a map for each. */
export interface Tally {
  add<Name extends CounterName>(metric: Name, labels: LabelsOf<Name>, by?: number): void;
  /** @param times how often the same value was measured */
  observe<Name extends HistogramName>(
    metric: Name,
    labels: LabelsOf<Name>,
    value: number,
    times?: number,
  ): void;
  /** What was added since it was last taken. */
  take(): readonly Increment[];
}

/**
 * How much a series has grown. A histogram is counted by its value in one bucket, `le` as the last label, which is not cumulative, and
 * by its `_sum`.
 */
export interface Increment {
  /** A name of `METRICS`, with `_bucket` or `_sum` behind that of a histogram. */
  readonly series: string;
  readonly labels: readonly string[];
  readonly by: number;
}

// Occurs in no label: names, codes and numbers.
const SEPARATOR = '\n';

export function createTally(): Tally {
  let increments = new Map<string, number>();
  const grow = (series: string, labels: readonly string[], by: number): void => {
    const key = labels.length === 0 ? series : `${series}${SEPARATOR}${labels.join(SEPARATOR)}`;
    increments.set(key, (increments.get(key) ?? 0) + by);
  };
  return {
    add: (metric, labels, by = 1) => grow(metric, labels, by),
    observe(metric, labels, value, times = 1) {
      const { buckets = [] } = METRICS[metric];
      const le = buckets.find((bound) => value <= bound);
      grow(`${metric}_bucket`, [...labels, le === undefined ? '+Inf' : String(le)], times);
      grow(`${metric}_sum`, labels, value * times);
    },
    take() {
      const taken = increments;
      increments = new Map();
      return [...taken].map(([key, by]) => {
        const [series = '', ...labels] = key.split(SEPARATOR);
        return { series, labels, by };
      });
    },
  };
}

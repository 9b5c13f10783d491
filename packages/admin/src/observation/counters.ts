import type { CounterName, HistogramName, Increment } from '@registry-cache/runtime';

export type SeriesName = CounterName | `${HistogramName}_bucket` | `${HistogramName}_sum`;

export interface SeriesValue {
  /** One text for each label, in the order of `METRICS`. */
  readonly labels: readonly string[];
  readonly value: number;
}

/** What all processes have counted since this one started, also those that sleep or have ended. */
export interface Counters {
  add(increment: Increment): void;
  /** For what is not told in increments. */
  set(series: SeriesName, labels: readonly string[], value: number): void;
  /** Has a series begin at 0, so that its first step is seen as one. */
  begin(series: SeriesName, labels: readonly string[]): void;
  /** In the order in which they have come. */
  values(series: SeriesName): Iterable<SeriesValue>;
  /** Everything, as what another life of this process can add. */
  increments(): readonly Increment[];
  /** Of all values whose labels are these as far as they go. */
  sum(series: SeriesName, ...labels: readonly string[]): number;
}

export function createCounters(): Counters {
  const bySeries = new Map<string, Map<string, SeriesValue>>();
  const valuesOf = (series: string): Map<string, SeriesValue> => {
    const known = bySeries.get(series) ?? new Map<string, SeriesValue>();
    bySeries.set(series, known);
    return known;
  };
  const grow = (series: string, labels: readonly string[], by: number): void => {
    const values = valuesOf(series);
    const key = keyOf(labels);
    values.set(key, { labels, value: (values.get(key)?.value ?? 0) + by });
  };
  return {
    add: ({ series, labels, by }) => grow(series, labels, by),
    set: (series, labels, value) => void valuesOf(series).set(keyOf(labels), { labels, value }),
    begin: (series, labels) => grow(series, labels, 0),
    values: (series) => bySeries.get(series)?.values() ?? [],
    increments: () =>
      [...bySeries].flatMap(([series, values]) =>
        [...values.values()].map(({ labels, value }) => ({ series, labels, by: value })),
      ),
    sum(series, ...labels) {
      const counted = [...(bySeries.get(series)?.values() ?? [])];
      return counted
        .filter((each) => labels.every((label, index) => each.labels[index] === label))
        .reduce((total, { value }) => total + value, 0);
    },
  };
}

function keyOf(labels: readonly string[]): string {
  return JSON.stringify(labels);
}

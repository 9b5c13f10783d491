import type { Increment, Tally } from '@registry-cache/runtime';

/** Keeps what a tally has counted, by `series{label,label}`; without durations, which are never the same. */
export function createCounts(tally: Tally): () => Record<string, number> {
  const counts = new Map<string, number>();
  return () => {
    for (const each of tally.take().filter(isCount)) {
      const name = `${each.series}{${labelsOf(each).join(',')}}`;
      counts.set(name, (counts.get(name) ?? 0) + each.by);
    }
    return Object.fromEntries(counts);
  };
}

function isCount({ series }: Increment): boolean {
  return !series.endsWith('_seconds_sum');
}

/** Whichever bucket a duration fell into. */
function labelsOf({ series, labels }: Increment): readonly string[] {
  return series.endsWith('_bucket') ? labels.slice(0, -1) : labels;
}

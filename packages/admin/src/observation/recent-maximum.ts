/** The largest of what was measured in the last minute, for each of several. */
export interface RecentMaximum {
  add(key: string, value: number): void;
  find(key: string): number | undefined;
}

const WINDOW_MS = 60_000;

/** Whoever asks a process takes its longest delay from all others who ask: it is kept here for them. */
export function createRecentMaximum(now: () => number): RecentMaximum {
  const measured = new Map<string, { readonly at: number; readonly value: number }[]>();
  const recent = (key: string): readonly number[] => {
    const kept = (measured.get(key) ?? []).filter(({ at }) => Math.abs(now() - at) <= WINDOW_MS);
    if (kept.length === 0) measured.delete(key);
    else measured.set(key, kept);
    return kept.map(({ value }) => value);
  };
  return {
    add(key, value) {
      recent(key);
      const values = measured.get(key) ?? [];
      // What came before and is smaller is never the largest again.
      measured.set(key, [...values.filter((each) => each.value > value), { at: now(), value }]);
    },
    find(key) {
      const values = recent(key);
      return values.length === 0 ? undefined : Math.max(...values);
    },
  };
}

/**
 * What became of a request:
 * - `hit`: answered from disk;
 * - `revalidated`: answered from disk after the upstream confirmed the tag, or that the repository holds the blob;
 * - `miss`: the upstream was asked and its answer is stored;
 * - `collapsed`: joined a fill that another request had started;
 * - `stale`: answered from disk because the upstream could not answer;
 * - `forwarded`: the upstream's answer was passed on and not stored.
 */
export type CacheOutcome = 'hit' | 'revalidated' | 'miss' | 'collapsed' | 'stale' | 'forwarded';

const MEMBERS: Record<CacheOutcome, string> = {
  hit: 'hit',
  revalidated: 'fwd=stale; fwd-status=200; detail=revalidated',
  miss: 'fwd=miss; stored',
  collapsed: 'fwd=miss; collapsed',
  stale: 'fwd=stale; detail=upstream-failed',
  forwarded: 'fwd=miss',
};

/**
 * The value of `Cache-Status`.
 *
 * @see RFC 9211
 */
export function formatCacheStatus(outcome: CacheOutcome): string {
  return `registry-cache; ${MEMBERS[outcome]}`;
}

const OUTCOMES: ReadonlyMap<string, CacheOutcome> = new Map(
  (Object.keys(MEMBERS) as CacheOutcome[]).map((outcome) => [formatCacheStatus(outcome), outcome]),
);

/** The outcome that a `Cache-Status` of this cache names, or undefined for any other text. */
export function findCacheOutcome(cacheStatus: string): CacheOutcome | undefined {
  return OUTCOMES.get(cacheStatus);
}

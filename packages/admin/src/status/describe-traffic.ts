import type { Traffic } from '@registry-cache/control';
import type { Counters } from '../observation/counters.ts';

/** What a client had from disk, or with others: no upstream had to send the bytes for it. */
const HITS: readonly string[] = ['hit', 'revalidated', 'stale', 'collapsed'];
/** For what an upstream had to. */
const MISSES: readonly string[] = ['miss', 'forwarded'];
const CONTENT: readonly string[] = ['manifest', 'blob'];

/** @param upstream of all together where left out */
export function describeTraffic(counters: Counters, upstream?: string): Traffic {
  const requests: Record<string, number> = {};
  for (const { labels, value } of counters.values('requests_total')) {
    const [name = '', kind = '', outcome = ''] = labels;
    if (!CONTENT.includes(kind) || (upstream ?? name) !== name) continue;
    requests[outcome] = (requests[outcome] ?? 0) + value;
  }
  const own = upstream === undefined ? [] : [upstream];
  return {
    requests,
    hitRatio: hitRatioOf(requests),
    clientBytes: counters.sum('client_bytes_total', ...own),
    upstreamBytes: counters.sum('upstream_bytes_total', ...own),
    savedBytes: counters.sum('saved_bytes_total', ...own),
  };
}

/** Of requests for manifests and blobs that were answered with what they asked for. */
export function countHits(requests: Traffic['requests']): { readonly hits: number; readonly misses: number } {
  return { hits: sumOf(requests, HITS), misses: sumOf(requests, MISSES) };
}

function hitRatioOf(requests: Traffic['requests']): number | undefined {
  const { hits, misses } = countHits(requests);
  return hits + misses === 0 ? undefined : hits / (hits + misses);
}

function sumOf(requests: Traffic['requests'], outcomes: readonly string[]): number {
  return outcomes.reduce((sum, outcome) => sum + (requests[outcome] ?? 0), 0);
}

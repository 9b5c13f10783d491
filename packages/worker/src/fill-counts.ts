import type { UpstreamName } from '@registry-cache/oci';
import type { Tally } from '@registry-cache/runtime';
import type { Store } from '@registry-cache/store';
import type { EndedFill } from './fill/report-end.ts';

/** Counts what is fetched from an upstream to be stored. */
export interface FillCounts {
  /** Counts the manifests that are put into the store. */
  around(store: Store): Store;
  ended(fill: EndedFill): void;
  /** Undefined before the first. */
  lastStoredAtMs(): number | undefined;
}

/** @param now milliseconds since the epoch */
export function createFillCounts(upstream: UpstreamName, tally: Tally, now: () => number): FillCounts {
  let lastStoredAtMs: number | undefined;
  const stored = (bytes: number): void => {
    tally.add('fill_bytes_total', [upstream], bytes);
    lastStoredAtMs = now();
  };
  return {
    around: (store) => ({
      ...store,
      async putBlob(owner, digest, bytes) {
        await store.putBlob(owner, digest, bytes);
        stored(bytes.byteLength);
      },
    }),
    ended({ end, bytes, durationMs }) {
      tally.add('fills_total', [upstream, end]);
      if (end !== 'stored') return;
      stored(bytes);
      tally.observe('fill_duration_seconds', [upstream], durationMs / 1000);
    },
    lastStoredAtMs: () => lastStoredAtMs,
  };
}

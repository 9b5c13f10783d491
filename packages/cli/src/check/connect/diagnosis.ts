import type { PeerTrust } from './connection-steps.ts';
import type { Step } from './step.ts';

/** What was found about one server. Nothing of it is secret. */
export interface Diagnosis {
  /** `cache` is the cache itself, as its clients see it. */
  readonly kind: 'upstream' | 'neighbour' | 'cache';
  /** The upstream's name, also for its neighbours; left out for the cache. */
  readonly upstream?: string;
  readonly url: string;
  readonly steps: readonly Step[];
  /** Left out where no certificate was seen. */
  readonly trust?: PeerTrust;
  readonly durationMs: number;
}

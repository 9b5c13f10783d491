import type { RateLimitStatus, WorkerDetail } from '@registry-cache/control';
import type { FleetObservation, ObservedProcess } from '@registry-cache/runtime';

/** What upstreams have said that stays true when their worker falls asleep. */
export interface UpstreamMemory {
  take(fleet: FleetObservation): void;
  /** Undefined where it has said nothing, or its time is over. */
  findRateLimit(upstream: string): RateLimitStatus | undefined;
  rateLimits(): RateLimits;
  /** What a former life of this process has known. */
  recall(limits: RateLimits): void;
}

/** By upstream. */
export type RateLimits = readonly (readonly [upstream: string, limit: RateLimitStatus])[];

// Docker Hub's is six hours; an upstream that does not say is believed for an hour.
const DEFAULT_WINDOW_SECONDS = 3600;

export function createUpstreamMemory(now: () => number): UpstreamMemory {
  const limits = new Map<string, RateLimitStatus>();
  return {
    rateLimits: () => [...limits],
    recall(former) {
      for (const [upstream, limit] of former) limits.set(upstream, limit);
    },
    take({ departed, processes }) {
      for (const process of [...departed, ...processes]) {
        const limit = workerDetail(process)?.rateLimit;
        if (process.upstream !== undefined && limit !== undefined) limits.set(process.upstream, limit);
      }
    },
    findRateLimit(upstream) {
      const limit = limits.get(upstream);
      if (limit === undefined) return undefined;
      const windowMs = (limit.windowSeconds ?? DEFAULT_WINDOW_SECONDS) * 1000;
      return limit.saidAtMs + windowMs < now() ? undefined : limit;
    },
  };
}

/** Undefined for a process that is no worker, or that did not answer. */
export function workerDetail({ name, observation }: ObservedProcess): WorkerDetail | undefined {
  // A worker of the same build has sent it.
  return name === 'worker' ? (observation?.detail as WorkerDetail | undefined) : undefined;
}

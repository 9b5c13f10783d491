import type { OutboundProxySettings, UpstreamSettings } from '@registry-cache/config';
import type { Logger } from '@registry-cache/runtime';
import type { LookupFunction } from 'node:net';
import { createBlobSlots } from './blob-slots.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import { createNegativeAnswers } from './negative-answers.ts';
import { createRateLimit } from './rate-limit.ts';
import { createSessionRegistry } from './session-registry.ts';
import { DEFAULT_TIMEOUTS, type UpstreamTimeouts } from './timeouts.ts';
import type { UpstreamRegistry } from './upstream-registry.ts';

export interface UpdatableUpstreamRegistry extends UpstreamRegistry {
  /**
   * Goes over to other settings of the same upstream. The next request uses them, with tokens of its own where they change
   * how the upstream is asked; requests and bodies in flight end under the settings that they began with.
   */
  update(upstream: UpstreamSettings): void;
}

export interface UpstreamRegistryOptions {
  readonly upstream: UpstreamSettings;
  readonly outboundProxy: OutboundProxySettings;
  readonly log: Logger;
  /** Milliseconds since the epoch; the system's clock unless told. */
  readonly now?: () => number;
  /** Besides the defaults. */
  readonly timeouts?: Partial<UpstreamTimeouts>;
  /** Resolves the names of upstreams and of where they send us; the system's resolver unless told. */
  readonly lookup?: LookupFunction;
}

/**
 * What stands between a question and the upstream, from the outside in: what it said a moment ago, the queue of blobs, the
 * pause after a 429, the pause of an outage. What waits in the queue meets the pauses when its turn comes.
 *
 * The caller closes it, which breaks requests and bodies that are still in flight.
 */
export function createUpstreamRegistry(options: UpstreamRegistryOptions): UpdatableUpstreamRegistry {
  const { log, now = Date.now } = options;
  // A system clock that is set back would make a pause of seconds one of hours.
  const steadyNow = options.now ?? (() => performance.timeOrigin + performance.now());
  const { name, maxConnections } = options.upstream;
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };

  const sessions = createSessionRegistry({ ...options, now, timeouts });
  const breaker = createCircuitBreaker({ upstream: name, log, now: steadyNow });
  const rateLimit = createRateLimit({ upstream: name, log, now: steadyNow });
  const blobSlots = createBlobSlots({ upstream: name, maxConnections, queueMs: timeouts.queueMs });
  const negativeAnswers = createNegativeAnswers({ now: steadyNow });

  return {
    ...negativeAnswers.around(blobSlots.around(rateLimit.around(breaker.around(sessions)))),
    update(upstream) {
      const changed = sessions.update(upstream);
      blobSlots.resize(upstream.maxConnections);
      negativeAnswers.forget();
      if (!changed) return;
      breaker.reset();
      rateLimit.reset();
    },
  };
}

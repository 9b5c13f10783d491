import type { OutboundProxySettings, UpstreamSettings } from '@registry-cache/config';
import type { Logger } from '@registry-cache/runtime';
import type { LookupFunction } from 'node:net';
import type { Asker } from './asker.ts';
import { createBlobSlots } from './blob-slots.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import { createNegativeAnswers, type NegativeAnswers } from './negative-answers.ts';
import { createRateLimit, type RateLimit } from './rate-limit.ts';
import { createSessionRegistry } from './session-registry.ts';
import { DEFAULT_TIMEOUTS, type UpstreamTimeouts } from './timeouts.ts';
import type { UpstreamRegistry } from './upstream-registry.ts';

export interface UpdatableUpstreamRegistry extends UpstreamRegistry {
  /**
   * Goes over to other settings of the same upstream. The next request uses them, with tokens of its own where they change
   * how the upstream is asked; requests and bodies in flight end under the settings that they began with.
   */
  update(upstream: UpstreamSettings): void;

  /**
   * The same upstream, asked in a client's name. What it denies one client, and what it has had enough of from one, says
   * nothing about another; connections, and how well the upstream is, are the same for all.
   */
  as(asker: Asker): UpstreamRegistry;
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

const MAX_ANSWERS_OF_CLIENT = 50;

/** What belongs to whoever asks. */
interface Layers {
  readonly negativeAnswers: NegativeAnswers;
  readonly rateLimit: RateLimit;
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
  const blobSlots = createBlobSlots({ upstream: name, maxConnections, queueMs: timeouts.queueMs });
  const createLayers = (maxAnswers?: number): Layers => ({
    negativeAnswers: createNegativeAnswers({
      now: steadyNow,
      ...(maxAnswers === undefined ? {} : { maxAnswers }),
    }),
    rateLimit: createRateLimit({ upstream: name, log, now: steadyNow }),
  });
  const around = (registry: UpstreamRegistry, { negativeAnswers, rateLimit }: Layers): UpstreamRegistry =>
    negativeAnswers.around(blobSlots.around(rateLimit.around(breaker.around(registry))));
  const own = createLayers();

  return {
    ...around(sessions, own),
    as: (asker) => around(sessions.as(asker), createLayers(MAX_ANSWERS_OF_CLIENT)),
    update(upstream) {
      const changed = sessions.update(upstream);
      blobSlots.resize(upstream.maxConnections);
      own.negativeAnswers.forget();
      if (!changed) return;
      breaker.reset();
      own.rateLimit.reset();
    },
  };
}

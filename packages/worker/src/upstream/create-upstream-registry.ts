import type { OutboundProxySettings, UpstreamSettings } from '@registry-cache/config';
import type { WorkerDetail } from '@registry-cache/control';
import type { Logger, Tally, Tracing } from '@registry-cache/runtime';
import type { LookupFunction } from 'node:net';
import type { Asker } from './asker.ts';
import { createBlobSlots } from './blob-slots.ts';
import { createChain, type Chain } from './chain.ts';
import { createNegativeAnswers } from './negative-answers.ts';
import { DEFAULT_TIMEOUTS, type UpstreamTimeouts } from './timeouts.ts';
import { createObservedUpstream } from './observed-upstream.ts';
import { openUpstreamPlace, type PlaceOutage, type UpstreamPlace } from './upstream-place.ts';
import type { ClientRegistry, UpstreamRegistry } from './upstream-registry.ts';

export interface UpdatableUpstreamRegistry extends UpstreamRegistry {
  /**
   * Goes over to other settings of the same upstream. The next request uses them, with tokens of its own where they change
   * how the upstream is asked; requests and bodies in flight end under the settings that they began with.
   */
  update(upstream: UpstreamSettings): void;

  /**
   * The same upstream, asked in a client's name, and its caches asked for blobs first; good until the next update. What is
   * denied one client, and what a place fails at or has had enough of from one, says nothing about another; connections, and
   * whether a place answers at all, are the same for all.
   */
  as(asker: Asker): ClientRegistry;
}

/** As it does now. */
export interface ObservableUpstream extends UpdatableUpstreamRegistry {
  /** Also counts what was received until now. */
  observe(): Pick<WorkerDetail, 'outage' | 'rateLimit'>;
}

export interface UpstreamRegistryOptions {
  readonly upstream: UpstreamSettings;
  readonly outboundProxy: OutboundProxySettings;
  readonly log: Logger;
  readonly tally: Tally;
  /** Undefined where nobody wants traces. */
  readonly tracing?: Tracing | undefined;
  /** Milliseconds since the epoch; the system's clock unless told. */
  readonly now?: () => number;
  /** Besides the defaults. */
  readonly timeouts?: Partial<UpstreamTimeouts>;
  /** Resolves the names of upstreams and of where they send us; the system's resolver unless told. */
  readonly lookup?: LookupFunction;
}

const MAX_ANSWERS_OF_CLIENT = 50;
// Clients wait 30 s for a head, and the origin comes after all caches.
const CACHE_HEAD_TIMEOUT_MS = 5000;

/**
 * What stands between a question and the upstream, from the outside in: what it said a moment ago, the queue of blobs, whose
 * turn it is among the caches that have blobs too, the pause of that place after a 429, its pause in an outage. What waits in
 * the queue meets the pauses when its turn comes.
 *
 * The caller closes it, which breaks requests and bodies that are still in flight.
 */
export function createUpstreamRegistry(options: UpstreamRegistryOptions): ObservableUpstream {
  const { log, tally, now = Date.now } = options;
  const steadyNow = options.now ?? (() => performance.timeOrigin + performance.now());
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const { name, maxConnections } = options.upstream;
  const observed = createObservedUpstream({ upstream: name, tally, now });

  const openPlace = (upstream: UpstreamSettings, placeLog: Logger): UpstreamPlace =>
    openUpstreamPlace({ ...options, upstream, now, steadyNow, timeouts, observed, log: placeLog });
  const openCache = (url: string, upstream: UpstreamSettings): UpstreamPlace =>
    openPlace({ ...upstream, url }, log.child({ askedCache: url }));

  const origin = openPlace(options.upstream, log);
  const blobSlots = createBlobSlots({ upstream: name, maxConnections, queueMs: timeouts.queueMs });
  const negativeAnswers = createNegativeAnswers({ now: steadyNow });
  let caches = new Map<string, UpstreamPlace>();
  let chain = linkTo(options.upstream);

  /** Caches that stay keep their connections; whose turn it is, and which are passed over, begins anew. */
  function linkTo(upstream: UpstreamSettings): Chain {
    const before = caches;
    caches = new Map(upstream.caches.map((url) => [url, before.get(url) ?? openCache(url, upstream)]));
    for (const [url, cache] of caches) cache.update({ ...upstream, url });
    for (const [url, cache] of before) if (!caches.has(url)) void cache.close();
    // What a chain remembers takes memory, and most upstreams have none.
    if (upstream.caches.length === 0) return { around: (own) => own };
    return createChain({
      caches: upstream.caches,
      log,
      now: steadyNow,
      headTimeoutMs: CACHE_HEAD_TIMEOUT_MS,
    });
  }

  return {
    ...negativeAnswers.around(blobSlots.around(origin.own)),
    as(asker) {
      const atOrigin = origin.as(asker);
      const inTurn = chain.around(
        atOrigin,
        [...caches.values()].map((cache) => cache.as(asker)),
      );
      const denials = createNegativeAnswers({ now: steadyNow, maxAnswers: MAX_ANSWERS_OF_CLIENT });
      return { ...denials.around(blobSlots.around(inTurn)), forgetTokens: () => atOrigin.forgetTokens() };
    },
    observe() {
      observed.countBytes();
      const rateLimit = observed.rateLimit();
      const outage = origin.outage();
      return {
        ...(rateLimit === undefined ? {} : { rateLimit }),
        ...(outage === undefined ? {} : { outage: atWallClock(outage, steadyNow() - now()) }),
      };
    },
    update(upstream) {
      origin.update(upstream);
      chain = linkTo(upstream);
      blobSlots.resize(upstream.maxConnections);
      negativeAnswers.forget();
    },
    async close() {
      await Promise.all([origin, ...caches.values()].map((place) => place.close()));
    },
  };
}

/** @param aheadMs of the outage's clock */
function atWallClock(
  { state, problem, askAgainAtMs }: PlaceOutage,
  aheadMs: number,
): NonNullable<WorkerDetail['outage']> {
  return { state, problem, askedAgainAtMs: Math.round(askAgainAtMs - aheadMs) };
}

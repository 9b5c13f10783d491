import type { UpstreamSettings } from '@registry-cache/config';
import type { Asker } from './asker.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import { createRateLimit } from './rate-limit.ts';
import { createSessionRegistry } from './session-registry.ts';
import type { ClientRegistry, UpstreamRegistry } from './upstream-registry.ts';
import type { UpstreamSessionOptions } from './upstream-session.ts';

/** One server that is asked, with its pauses after a 429 and in an outage: the registry itself, or another cache of it. */
export interface UpstreamPlace {
  /** Asked with the credentials of the settings. */
  readonly own: UpstreamRegistry;
  /** Asked in a client's name: what it has had enough of from one client says nothing about another. */
  as(asker: Asker): ClientRegistry;
  update(upstream: UpstreamSettings): void;
  /** Breaks what is in flight. */
  close(): Promise<void>;
}

export interface UpstreamPlaceOptions extends UpstreamSessionOptions {
  /** Milliseconds of a clock that is never set back: that would make a pause of seconds one of hours. */
  readonly steadyNow: () => number;
}

export function openUpstreamPlace(options: UpstreamPlaceOptions): UpstreamPlace {
  const { log, steadyNow: now } = options;
  const { name: upstream } = options.upstream;
  const sessions = createSessionRegistry(options);
  const breaker = createCircuitBreaker({ upstream, log, now });
  const rateLimit = createRateLimit({ upstream, log, now });
  return {
    own: rateLimit.around(breaker.around(sessions)),
    as(asker) {
      const asClient = sessions.as(asker);
      const limited = createRateLimit({ upstream, log, now }).around(breaker.around(asClient));
      return { ...limited, forgetTokens: () => asClient.forgetTokens() };
    },
    update(changed) {
      if (!sessions.update(changed)) return;
      breaker.reset();
      rateLimit.reset();
    },
    close: () => sessions.close(),
  };
}

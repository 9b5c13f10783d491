import type { UpstreamSettings } from '@registry-cache/config';
import type { Asker } from './asker.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import type { Pause } from './pause.ts';
import { createRateLimit } from './rate-limit.ts';
import { createSessionRegistry } from './session-registry.ts';
import type { ClientRegistry, UpstreamRegistry } from './upstream-registry.ts';
import type { UpstreamSessionOptions } from './upstream-session.ts';

/** One server that is asked, with its pauses after a 429 and in an outage: the registry itself, or another cache of it. */
export interface UpstreamPlace {
  /** Asked with the credentials of the settings. */
  readonly own: UpstreamRegistry;
  /**
   * Asked in a client's name: what it has had enough of from one client, and what it fails at, says nothing about another. That
   * it does not answer at all does.
   */
  as(asker: Asker): ClientRegistry;
  /** Of the place, whoever asks; undefined where it may be asked now, or nobody has asked yet. */
  outage(): PlaceOutage | undefined;
  update(upstream: UpstreamSettings): void;
  /** Breaks what is in flight. */
  close(): Promise<void>;
}

export interface PlaceOutage extends Pause {
  readonly state: 'down' | 'limited';
}

export interface UpstreamPlaceOptions extends UpstreamSessionOptions {
  /** Milliseconds of a clock that is never set back: that would make a pause of seconds one of hours. */
  readonly steadyNow: () => number;
}

export function openUpstreamPlace(options: UpstreamPlaceOptions): UpstreamPlace {
  const { log, observed, steadyNow: now } = options;
  const { name: upstream } = options.upstream;
  const sessions = createSessionRegistry(options);
  const breaker = createCircuitBreaker({ upstream, counts: 'all', log, now });
  const clientsBreaker = createCircuitBreaker({ upstream, counts: 'unanswered', log, now });
  const rateLimit = createRateLimit({ upstream, log, now });
  return {
    own: rateLimit.around(breaker.around(observed.aroundErrors(sessions))),
    as(asker) {
      const asClient = sessions.as(asker);
      const broken = createCircuitBreaker({ upstream, counts: 'answered', log, now });
      const guarded = broken.around(clientsBreaker.around(observed.aroundErrors(asClient)));
      const limited = createRateLimit({ upstream, log, now }).around(guarded);
      return { ...limited, forgetTokens: () => asClient.forgetTokens() };
    },
    outage() {
      const down = breaker.pause() ?? clientsBreaker.pause();
      if (down !== undefined) return { state: 'down', ...down };
      const limited = rateLimit.pause();
      return limited === undefined ? undefined : { state: 'limited', ...limited };
    },
    update(changed) {
      if (!sessions.update(changed)) return;
      breaker.reset();
      clientsBreaker.reset();
      rateLimit.reset();
    },
    close: () => sessions.close(),
  };
}

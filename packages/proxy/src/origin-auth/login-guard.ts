import type { UpstreamName } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import { createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { createFailedLogins, tooManyFailedLogins } from '../auth/failed-logins.ts';

/** A login at an upstream. */
export interface UpstreamLogin {
  readonly upstream: UpstreamName;
  /** `Basic …` */
  readonly authorization: string;
}

/**
 * Makes guessing passwords of an upstream through this cache slow. It lets nobody in: that is what the upstream says, each time it
 * is asked.
 */
export interface LoginGuard {
  /** Whether it was right lately. */
  isKnown(login: UpstreamLogin): boolean;
  /** Whether it was wrong a moment ago. */
  isRefused(login: UpstreamLogin): boolean;
  /**
   * @param address the client's, without its port
   * @throws {RegistryError} `TOOMANYREQUESTS` for a login that is not known, when too many of that network have failed
   */
  admit(login: UpstreamLogin, address: string): void;
  accepted(login: UpstreamLogin): void;
  /**
   * Counts once for a login that is sent again and again, and not at all for one that was right lately: an upstream that refuses
   * everybody for a moment must not keep a whole site out for longer.
   */
  refused(login: UpstreamLogin, address: string): void;
}

export interface LoginGuardOptions {
  readonly log: Logger;
  /** Milliseconds of any clock that does not go back. */
  readonly now?: () => number;
}

const MAX_LOGINS = 10_000;
// From its last use: a whole site may have the one address of its router, and somebody else there may guess.
const REMEMBER_KNOWN_MS = 10 * 60_000;
// A machine with an old password tries it again and again: that is no new guess.
const REMEMBER_REFUSED_MS = 30_000;

export function createLoginGuard(options: LoginGuardOptions): LoginGuard {
  const { now = () => performance.now() } = options;
  // Known to this process alone, so that what is in memory tells nothing about a password.
  const key = randomBytes(32);
  const failedLogins = createFailedLogins(options);
  const memoryFor = (ttl: number, updateAgeOnHas: boolean): LRUCache<string, true> =>
    new LRUCache<string, true>({ max: MAX_LOGINS, ttl, updateAgeOnHas, ttlResolution: 0, perf: { now } });
  const known = memoryFor(REMEMBER_KNOWN_MS, true);
  const refused = memoryFor(REMEMBER_REFUSED_MS, false);

  const fingerprint = ({ upstream, authorization }: UpstreamLogin): string =>
    createHmac('sha256', key)
      .update(JSON.stringify([upstream, authorization]))
      .digest('base64');
  const isKnown = (login: UpstreamLogin): boolean => known.has(fingerprint(login));

  return {
    isKnown,
    isRefused: (login) => refused.has(fingerprint(login)),
    admit: (login, address) => {
      const waitMs = failedLogins.waitMs(address);
      if (waitMs > 0 && !isKnown(login)) throw tooManyFailedLogins(waitMs);
    },
    accepted: (login) => {
      known.set(fingerprint(login), true);
      refused.delete(fingerprint(login));
    },
    refused: (login, address) => {
      if (known.has(fingerprint(login)) || refused.has(fingerprint(login))) return;
      refused.set(fingerprint(login), true);
      failedLogins.count(address);
    },
  };
}

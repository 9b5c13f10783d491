import { RegistryError } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import { LRUCache } from 'lru-cache';
import { networkOf } from '../peer-address.ts';

/** Counts the logins that failed of each network, so that guessing passwords is slow however many connections do it. */
export interface FailedLogins {
  count(address: string): void;
  /** How long the network of an address has to wait for its next guess; 0 where it need not. */
  waitMs(address: string): number;
}

export interface FailedLoginsOptions {
  readonly log: Logger;
  /** Milliseconds of any clock that does not go back. */
  readonly now?: () => number;
}

const MAX_FAILURES = 10;
const PERIOD_MS = 60_000;
const MAX_NETWORKS = 10_000;

interface Failures {
  readonly count: number;
  readonly untilMs: number;
}

/**
 * Ten failures within a minute end the guesses of a network for a minute from the last one, and are logged once. The least
 * recent of ten thousand networks is forgotten first, so the memory that guessing costs is bounded.
 */
export function createFailedLogins(options: FailedLoginsOptions): FailedLogins {
  const { log, now = () => performance.now() } = options;
  const networks = new LRUCache<string, Failures>({ max: MAX_NETWORKS });
  const find = (network: string): Failures | undefined => {
    const failures = networks.get(network);
    return failures === undefined || failures.untilMs <= now() ? undefined : failures;
  };
  return {
    count: (address) => {
      const network = networkOf(address);
      const { count, untilMs } = find(network) ?? { count: 0, untilMs: now() + PERIOD_MS };
      const isLast = count + 1 === MAX_FAILURES;
      networks.set(network, { count: count + 1, untilMs: isLast ? now() + PERIOD_MS : untilMs });
      if (isLast) {
        log.warn(
          { address, network, failures: MAX_FAILURES, blockedMs: PERIOD_MS },
          'too many failed logins: further guesses are refused',
        );
      }
    },
    waitMs: (address) => {
      const failures = find(networkOf(address));
      return failures === undefined || failures.count < MAX_FAILURES ? 0 : failures.untilMs - now();
    },
  };
}

/** What a network is told that has to wait. */
export function tooManyFailedLogins(waitMs: number): RegistryError {
  const retryAfterSeconds = Math.ceil(waitMs / 1000);
  return new RegistryError(
    'TOOMANYREQUESTS',
    `too many failed logins from your address: try again in ${retryAfterSeconds} s`,
    { retryAfterSeconds },
  );
}

import { randomBytes } from 'node:crypto';

/** What tells one running cache from every other: the same for its processes, whatever is reloaded or restarted. */
export interface CacheIdentity {
  /** How it names itself in `Via`. */
  readonly pseudonym: string;
  /** What it seals tokens for clients with, unless the operator has set a secret that several caches share. */
  readonly tokenSecret: string;
  readonly version: string;
}

export function createCacheIdentity(version: string): CacheIdentity {
  return {
    version,
    pseudonym: `registry-cache-${randomBytes(8).toString('hex')}`,
    tokenSecret: randomBytes(32).toString('base64url'),
  };
}

import { createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { BasicCredentials } from './basic-credentials.ts';

/** What became of comparing a login: nothing was learned of one that was `not-compared`. */
export type Verdict = 'right' | 'wrong' | 'not-compared';

/** Remembers logins, without keeping a password or a hash of one that is worth stealing. */
export interface LoginMemory {
  recall(credentials: BasicCredentials): 'right' | 'wrong' | undefined;
  /** Runs `compare` once for any number of equal logins at the same time, and remembers what it finds. */
  learn(credentials: BasicCredentials, compare: () => Promise<Verdict>): Promise<Verdict>;
}

const MAX_LOGINS = 10_000;
// From its last use: who pulls all the time must not be the one to wait when somebody else at the same address guesses.
const REMEMBER_RIGHT_MS = 10 * 60_000;
// A machine with an old password tries it again and again: that must cost few comparisons, and is no new guess.
const REMEMBER_WRONG_MS = 30_000;

export function createLoginMemory(now: () => number = () => performance.now()): LoginMemory {
  // Known to this process alone, so that what is in memory tells nothing about a password.
  const key = randomBytes(32);
  const memoryFor = (ttl: number, updateAgeOnHas: boolean): LRUCache<string, true> =>
    new LRUCache<string, true>({ max: MAX_LOGINS, ttl, updateAgeOnHas, ttlResolution: 0, perf: { now } });
  // Apart from each other, so that no flood of guesses makes room by forgetting who is logged in.
  const right = memoryFor(REMEMBER_RIGHT_MS, true);
  const wrong = memoryFor(REMEMBER_WRONG_MS, false);
  const running = new Map<string, Promise<Verdict>>();

  const run = async (login: string, compare: () => Promise<Verdict>): Promise<Verdict> => {
    try {
      const verdict = await compare();
      if (verdict === 'right') right.set(login, true);
      if (verdict === 'wrong') wrong.set(login, true);
      return verdict;
    } finally {
      running.delete(login);
    }
  };

  return {
    recall: (credentials) => {
      const login = fingerprint(key, credentials);
      if (right.has(login)) return 'right';
      return wrong.has(login) ? 'wrong' : undefined;
    },
    learn: (credentials, compare) => {
      const login = fingerprint(key, credentials);
      const joined = running.get(login);
      if (joined !== undefined) return joined;
      const started = run(login, compare);
      running.set(login, started);
      return started;
    },
  };
}

function fingerprint(key: Buffer, { user, password }: BasicCredentials): string {
  return createHmac('sha256', key)
    .update(JSON.stringify([user, password]))
    .digest('base64');
}

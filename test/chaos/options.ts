import { createRandom } from './random.ts';

/** What `run.mjs` was told. */
export interface ChaosOptions {
  readonly seconds: number;
  /** The same seed plans the same run. */
  readonly seed: string;
  /** The data directory is a small file system that fills. */
  readonly smallDisk: boolean;
  /** Who says whom the cache serves: one cache has either an htpasswd file or an upstream that authorizes clients itself. */
  readonly logins: Logins;
}

export type Logins = (typeof LOGINS)[number];

const LOGINS = ['htpasswd', 'origin'] as const;

const SHORTEST_SECONDS = 10;

/** @throws {Error} for a length that leaves no time for anything, and for logins of no known kind */
export function parseChaosOptions(env: NodeJS.ProcessEnv): ChaosOptions {
  const seconds = Number(env['CHAOS_SECONDS'] ?? '180');
  if (!(seconds >= SHORTEST_SECONDS)) {
    throw new Error(`--seconds ${env['CHAOS_SECONDS']}: expected a number, at least ${SHORTEST_SECONDS}`);
  }
  const seed = env['CHAOS_SEED'] ?? '1';
  return {
    seconds,
    seed,
    logins: parseLogins(env['CHAOS_LOGINS']) ?? createRandom(`${seed} logins`).pick(LOGINS),
    // Only root may mount.
    smallDisk: env['CHAOS_DISK'] !== 'no' && process.geteuid?.() === 0,
  };
}

/** Undefined where the seed is to choose. */
function parseLogins(text = 'any'): Logins | undefined {
  const logins = LOGINS.find((each) => each === text);
  if (logins === undefined && text !== 'any') {
    throw new Error(`--logins ${text}: expected ${LOGINS.join(', ')} or any`);
  }
  return logins;
}

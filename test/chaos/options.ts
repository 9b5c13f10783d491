/** What `run.mjs` was told. */
export interface ChaosOptions {
  readonly seconds: number;
  /** The same seed plans the same run. */
  readonly seed: string;
  /** The data directory is a small file system that fills. */
  readonly smallDisk: boolean;
}

const SHORTEST_SECONDS = 10;

/** @throws {Error} for a length that leaves no time for anything */
export function parseChaosOptions(env: NodeJS.ProcessEnv): ChaosOptions {
  const seconds = Number(env['CHAOS_SECONDS'] ?? '180');
  if (!(seconds >= SHORTEST_SECONDS)) {
    throw new Error(`--seconds ${env['CHAOS_SECONDS']}: expected a number, at least ${SHORTEST_SECONDS}`);
  }
  return {
    seconds,
    seed: env['CHAOS_SEED'] ?? '1',
    // Only root may mount.
    smallDisk: env['CHAOS_DISK'] !== 'no' && process.geteuid?.() === 0,
  };
}

import { ConfigError } from '../../src/config-error.ts';

/** The ConfigError that `run` must end with. */
export function problemsOf(run: () => unknown): ConfigError {
  try {
    run();
  } catch (err) {
    if (err instanceof ConfigError) return err;
    throw err;
  }
  throw new Error('expected a ConfigError, but nothing was wrong');
}

/** The ConfigError that `promise` must reject with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<ConfigError> {
  try {
    await promise;
  } catch (err) {
    if (err instanceof ConfigError) return err;
    throw err;
  }
  throw new Error('expected a ConfigError, but nothing was wrong');
}

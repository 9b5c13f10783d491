import type { RunningCache } from '../cache/running-cache.ts';
import { startCache, type CacheOptions } from '../cache/start-cache.ts';
import { ROBOT } from './people.ts';
import type { Origin } from './start-origin.ts';

export interface ContentCacheOptions extends Required<Pick<CacheOptions, 'ca'>> {
  readonly origin: Pick<Origin, 'origin' | 'authority'>;
  /** Further top-level keys of config.yml. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/**
 * A cache of one origin, told of it as DTR's and MSR's were. Its pull secret holds an account of the origin, which it has no
 * business to use.
 */
export function startContentCache({ ca, origin, config }: ContentCacheOptions): Promise<RunningCache> {
  const downstream = { name: 'downstream', options: { upstreams: [origin.origin] } };
  return startCache({
    ca,
    trustedBySystem: true,
    upstreams: {},
    pullSecret: { [origin.authority]: { username: ROBOT.user, password: ROBOT.password } },
    config: { upstreams: undefined, middleware: { registry: [downstream] }, ...config },
  });
}

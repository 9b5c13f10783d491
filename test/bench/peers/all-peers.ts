import type { Peer } from '../measure.ts';
import { distribution } from './distribution.ts';
import { nginx } from './nginx.ts';
import { registryCache } from './registry-cache.ts';
import { seed } from './seed.ts';
import { zot } from './zot.ts';

/** In the order of the tables. */
export const ALL_PEERS: readonly Peer[] = [registryCache, seed, distribution, zot, nginx];

import type { Measure } from '../measure.ts';
import { cleaner } from './cleaner.ts';
import { coldPull } from './cold-pull.ts';
import { herd } from './herd.ts';
import { hotBlobs } from './hot-blobs.ts';
import { hotManifests } from './hot-manifests.ts';
import { idleConnections } from './idle-connections.ts';
import { memory } from './memory.ts';
import { observed } from './observed.ts';
import { start } from './start.ts';
import { warmCopy } from './warm-copy.ts';

/** In the order in which they run and are reported. */
export const ALL_MEASURES: readonly Measure[] = [
  hotManifests,
  observed,
  hotBlobs,
  herd,
  coldPull,
  warmCopy,
  cleaner,
  start,
  memory,
  idleConnections,
];

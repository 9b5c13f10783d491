import type { WellKnownPaths } from './defaults.ts';
import type { Findings } from './findings.ts';
import type { LayeredDocument } from './read-document.ts';

/** What every step of loading needs, and adds to. */
export interface LoadContext {
  readonly layered: LayeredDocument;
  readonly wellKnown: WellKnownPaths;
  readonly nowMs: number;
  readonly findings: Findings;
  /** Absolute paths of what was read, or would have been if it existed. */
  readonly watchedFiles: Set<string>;
}

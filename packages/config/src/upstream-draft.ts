import type { UpstreamSection } from './config-document.ts';
import type { KeyedText } from './value-parsers.ts';

/** What was said about an upstream, wherever it was said, before its files are read. */
export interface UpstreamDraft extends Omit<UpstreamSection, 'cas' | 'caches'> {
  readonly cas: readonly KeyedText[];
  readonly caches: readonly KeyedText[];
  /** Where the options of the middleware `downstream` are, if this is its origin. */
  readonly downstreamKey?: string;
}

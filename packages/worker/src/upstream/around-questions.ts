import type { RepositoryName } from '@registry-cache/oci';
import type { RequestOptions, UpstreamRegistry } from './upstream-registry.ts';

/** Stands between whoever asks and the upstream: asks on, or fails in its place. */
export type Around = <Answer>(question: Question, ask: () => Promise<Answer>) => Promise<Answer>;

export interface Question extends RequestOptions {
  /** Undefined for a question about the registry itself. */
  readonly name: RepositoryName | undefined;
}

/** A registry of which every question goes through `around`, whatever it is about. */
export function aroundQuestions(registry: UpstreamRegistry, around: Around): UpstreamRegistry {
  return {
    manifestGet: (name, reference, options) =>
      around({ name, signal: options.signal }, () => registry.manifestGet(name, reference, options)),
    manifestHead: (name, reference, options) =>
      around({ name, signal: options.signal }, () => registry.manifestHead(name, reference, options)),
    blobHead: (name, digest, options) =>
      around({ name, signal: options.signal }, () => registry.blobHead(name, digest, options)),
    blobGet: (name, digest, options) =>
      around({ name, signal: options.signal }, () => registry.blobGet(name, digest, options)),
    list: (name, endpoint, query, options) =>
      around({ name, signal: options.signal }, () => registry.list(name, endpoint, query, options)),
    login: (options) => around({ name: undefined, signal: options.signal }, () => registry.login(options)),
    close: () => registry.close(),
  };
}

import { RegistryError, type Digest } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import type { Repository, Store } from '@registry-cache/store';
import type { Answer } from './answer/answer.ts';
import { UpstreamError } from './upstream/upstream-error.ts';
import type { UpstreamList, UpstreamRegistry } from './upstream/upstream-registry.ts';

/** Lists change at any time and are small: they are passed on and not stored. */
export interface Lists {
  /** @see OCI distribution-spec, "Listing Tags" */
  tags(repository: Repository, query: string): Promise<Answer>;
  /** @see OCI distribution-spec, "Listing Referrers"; 404 sends clients to the tag scheme */
  referrers(repository: Repository, digest: Digest, query: string): Promise<Answer>;
}

export interface ListsOptions {
  readonly store: Store;
  readonly upstream: UpstreamRegistry;
  /** Whether an upstream that denies the list counts as one that cannot answer. */
  readonly isDenialStale: boolean;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export function createLists({ store, upstream, isDenialStale, log, signal }: ListsOptions): Lists {
  return {
    async tags(repository, query) {
      try {
        const list = await upstream.list(repository.name, 'tags/list', query, { signal });
        if (list === undefined) throw new RegistryError('NAME_UNKNOWN');
        return passedOn(list, `/v2/${repository.name}/tags/list`);
      } catch (err) {
        if (!(err instanceof UpstreamError) || (err.code === 'denied' && !isDenialStale)) throw err;
        const known = await store.listTags(repository);
        if (known.length === 0) throw err;
        log[err.remembered ? 'debug' : 'warn'](
          { err, repository: repository.name },
          'tags not listed by the upstream, served as stale',
        );
        return {
          kind: 'document',
          bytes: Buffer.from(JSON.stringify({ name: repository.name, tags: known })),
          outcome: 'stale',
          headers: { 'content-type': 'application/json' },
        };
      }
    },

    async referrers(repository, digest, query) {
      const list = await upstream.list(repository.name, `referrers/${digest}`, query, { signal });
      if (list === undefined)
        throw new RegistryError('MANIFEST_UNKNOWN', 'the upstream has no referrers API or no such manifest');
      return passedOn(list, `/v2/${repository.name}/referrers/${digest}`);
    },
  };
}

function passedOn({ bytes, contentType, link, filtersApplied }: UpstreamList, path: string): Answer {
  const next = link === undefined ? undefined : nextPage(link, path);
  return {
    kind: 'document',
    bytes,
    outcome: 'forwarded',
    headers: {
      'content-type': contentType,
      ...(next === undefined ? {} : { link: next }),
      ...(filtersApplied === undefined ? {} : { 'oci-filters-applied': filtersApplied }),
    },
  };
}

/** The upstream's next page under our own path: of its URL, only the query means something to a client of this cache. */
function nextPage(link: string, path: string): string | undefined {
  const query = /^<[^>?]*\?([^>\s]*)>\s*;.*\brel="?next"?/i.exec(link)?.[1];
  return query === undefined ? undefined : `<${path}?${query}>; rel="next"`;
}

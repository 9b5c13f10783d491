import type { UpstreamSettings } from '@registry-cache/config';
import type { Asker } from './asker.ts';
import { createChain, type Chain } from './chain.ts';
import {
  createUpstreamRegistry,
  type UpdatableUpstreamRegistry,
  type UpstreamRegistryOptions,
} from './create-upstream-registry.ts';
import type { UpstreamRegistry } from './upstream-registry.ts';

/** An upstream registry with the caches of it that are asked for blobs first. */
export interface Upstream extends UpdatableUpstreamRegistry {
  /** The same, asked in a client's name; good until the next update. */
  as(asker: Asker): UpstreamRegistry;
}

interface Links {
  readonly chain: Chain;
  /** By their origins, in the order in which they are asked. */
  readonly caches: ReadonlyMap<string, UpdatableUpstreamRegistry>;
}

/** The caller closes it, which breaks requests and bodies that are still in flight. */
export function createUpstream(options: UpstreamRegistryOptions): Upstream {
  const { log } = options;
  const origin = createUpstreamRegistry(options);
  let links = linksTo(options.upstream, undefined);

  /** Caches that stay keep their connections; who was passed over, and whose turn it is, begins anew. */
  function linksTo(upstream: UpstreamSettings, before: Links | undefined): Links {
    const caches = new Map<string, UpdatableUpstreamRegistry>();
    for (const url of upstream.caches) {
      const cache =
        before?.caches.get(url) ?? createUpstreamRegistry({ ...options, upstream: { ...upstream, url } });
      cache.update({ ...upstream, url });
      caches.set(url, cache);
    }
    const chain = createChain({ caches: upstream.caches, log, now: () => performance.now() });
    return { chain, caches };
  }

  return {
    ...origin,
    as(asker) {
      const caches = [...links.caches.values()].map((cache) => cache.as(asker));
      return links.chain.around(origin.as(asker), caches);
    },
    update(upstream) {
      origin.update(upstream);
      const before = links;
      links = linksTo(upstream, before);
      for (const [url, cache] of before.caches) if (!links.caches.has(url)) void cache.close();
    },
    async close() {
      await Promise.all([origin, ...links.caches.values()].map((registry) => registry.close()));
    },
  };
}

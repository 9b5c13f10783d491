import type { Digest } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import { createChainPause, type Attempt } from './chain-pause.ts';
import type { UpstreamRegistry } from './upstream-registry.ts';

/** Whose turn it is among the caches of a chain, whoever asks. */
export interface ChainTurns {
  /**
   * The next cache in turn of those that are `left`; undefined where none of them may be asked. What is taken, and what is
   * passed over, is no longer left.
   */
  take(left: Map<number, UpstreamRegistry>): Turn | undefined;
  /** Passes a cache over for a while that sent wrong bytes. */
  reject(place: number, digest: Digest): void;
}

export interface Turn {
  /** Which of the caches it is. */
  readonly place: number;
  readonly cache: string;
  readonly registry: UpstreamRegistry;
  /** The caller ends it when the cache has begun to answer, or has failed to. */
  readonly attempt: Attempt;
}

export interface ChainTurnsOptions {
  readonly caches: readonly string[];
  readonly log: Logger;
  readonly now: () => number;
}

export function createChainTurns({ caches, log, now }: ChainTurnsOptions): ChainTurns {
  const members = caches.map((cache, place) => ({
    place,
    cache,
    pause: createChainPause({ cache, log, now }),
  }));
  let next = 0;

  return {
    take(left) {
      for (const member of [...members.slice(next), ...members.slice(0, next)]) {
        const { place, cache, pause } = member;
        const registry = left.get(place);
        if (registry === undefined) continue;
        left.delete(place);
        const attempt = pause.begin();
        if (attempt === undefined) {
          log.debug({ askedCache: cache }, 'cache is not asked while it is passed over');
          continue;
        }
        next = (place + 1) % members.length;
        return { place, cache, registry, attempt };
      }
      return undefined;
    },
    reject(place, digest) {
      members[place]?.pause.reject(digest);
    },
  };
}

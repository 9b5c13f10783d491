import { LRUCache } from 'lru-cache';
import { createSingleFlight } from '../single-flight.ts';
import type { TokenRequest } from './token.ts';
import type { Token } from './token-answer.ts';

/** Tokens of one upstream, each fetched once for all who need it at the same time. */
export interface TokenCache {
  get(request: TokenRequest): Promise<GrantedToken>;
  /** Forgets a token that the registry refused, unless another has taken its place. */
  drop(request: TokenRequest, refused: string): void;
  /** Forgets them all, and those on their way: what they allow may have been taken back since they were asked for. */
  clear(): void;
}

export interface GrantedToken {
  readonly value: string;
  /** Whether it was fetched for an earlier request, and so may have been revoked since. */
  readonly remembered: boolean;
}

export interface TokenCacheOptions {
  readonly fetch: (request: TokenRequest) => Promise<Token>;
  readonly now: () => number;
  readonly maxTokens?: number;
}

const MAX_TOKENS = 1000;

export function createTokenCache({ fetch, now, maxTokens = MAX_TOKENS }: TokenCacheOptions): TokenCache {
  const tokens = new LRUCache<string, Token>({ max: maxTokens });
  let fetches = createSingleFlight<Token>();
  return {
    async get(request) {
      const key = keyOf(request);
      const known = tokens.get(key);
      if (known !== undefined && now() < known.expiresAtMs) return { value: known.value, remembered: true };
      const round = fetches;
      const token = await round.run(key, async () => {
        const fetched = await fetch(request);
        // Asked for before `clear`, it may say what is no longer true.
        if (round === fetches) tokens.set(key, fetched);
        return fetched;
      });
      return { value: token.value, remembered: false };
    },
    drop(request, refused) {
      const key = keyOf(request);
      if (tokens.peek(key)?.value === refused) tokens.delete(key);
    },
    clear() {
      tokens.clear();
      fetches = createSingleFlight();
    },
  };
}

function keyOf({ realm, service, scope, credential }: TokenRequest): string {
  return JSON.stringify([realm.href, service ?? null, scope ?? null, credential?.repositoryPrefix ?? null]);
}

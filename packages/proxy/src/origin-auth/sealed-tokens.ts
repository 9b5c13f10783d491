import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** What a token of this cache stands for. */
export interface TokenGrant {
  /** Missing where the client has named none: such a token says that somebody has logged in, and opens nothing. */
  readonly upstream?: string;
  readonly repositories: readonly string[];
  /** The client's own `Authorization` for the upstream; missing for an anonymous client. */
  readonly authorization?: string;
  readonly user?: string;
}

export type OpenedToken =
  /** Not sealed here: whoever made it may know what it means. */
  | { readonly kind: 'foreign' }
  /** Also one that was changed, or sealed by another secret. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'grant'; readonly grant: TokenGrant };

export interface SealedToken {
  readonly token: string;
  readonly issuedAtMs: number;
  readonly expiresInSeconds: number;
}

/** Makes tokens that only this cache can read, and reads them. */
export interface SealedTokens {
  seal(grant: TokenGrant): Promise<SealedToken>;
  open(token: string): Promise<OpenedToken>;
}

export interface SealedTokensOptions {
  readonly secret: string;
  /** Milliseconds of the wall clock. */
  readonly now: () => number;
}

// Also what the key is derived for: a token can be taken for nothing else that is ever made of the same secret.
const PURPOSE = 'registry-cache/pull-token/1';
const LIFETIME_SECONDS = 300;
const KEY_BYTES = 32;
// A client sends one token some fifty times within seconds.
const MAX_OPENED_CHARACTERS = 8 * 1024 * 1024;

interface Opened {
  readonly grant: TokenGrant;
  readonly expiresAtMs: number;
}

/**
 * Tokens are encrypted, since they carry the client's login: no one but a holder of the same secret can read or make one. They are
 * the same for every process of a cache, and nothing is kept of them but a few that were opened lately.
 */
export function createSealedTokens({ secret, now }: SealedTokensOptions): SealedTokens {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', PURPOSE, KEY_BYTES));
  // Known to this process alone, so that what is in memory is no token that anyone could use.
  const memoryKey = randomBytes(KEY_BYTES);
  const memory = new LRUCache<string, Opened>({
    maxSize: MAX_OPENED_CHARACTERS,
    sizeCalculation: ({ grant }) => JSON.stringify(grant).length,
  });

  const open = async (token: string): Promise<Opened | 'expired' | undefined> => {
    const { decryptToken } = await loadEncryption();
    const payload = await decryptToken(token, key, now());
    if (payload === undefined || payload === 'expired') return payload;
    return { grant: grantOf(payload), expiresAtMs: (payload.exp ?? 0) * 1000 };
  };

  return {
    seal: async (grant) => {
      const issuedAtSeconds = Math.floor(now() / 1000);
      const { encryptToken } = await loadEncryption();
      const expiresAtSeconds = issuedAtSeconds + LIFETIME_SECONDS;
      const token = await encryptToken({ ...grant }, key, { issuedAtSeconds, expiresAtSeconds });
      return { token, issuedAtMs: issuedAtSeconds * 1000, expiresInSeconds: LIFETIME_SECONDS };
    },
    open: async (token) => {
      const fingerprint = createHmac('sha256', memoryKey).update(token).digest('base64');
      const remembered = memory.get(fingerprint);
      const opened = remembered ?? (await open(token));
      if (opened === undefined) return { kind: 'foreign' };
      if (opened === 'expired' || opened.expiresAtMs <= now()) return { kind: 'expired' };
      if (remembered === undefined) memory.set(fingerprint, opened);
      return { kind: 'grant', grant: opened.grant };
    },
  };
}

// Only a cache that gives out tokens needs the libraries for them.
function loadEncryption(): Promise<typeof import('./token-encryption.ts')> {
  return import('./token-encryption.ts');
}

/** Of a payload that only this cache can have made. */
function grantOf({ upstream, repositories, authorization, user }: Record<string, unknown>): TokenGrant {
  return {
    repositories: Array.isArray(repositories) ? repositories.filter((name) => typeof name === 'string') : [],
    ...(typeof upstream === 'string' ? { upstream } : {}),
    ...(typeof authorization === 'string' ? { authorization } : {}),
    ...(typeof user === 'string' ? { user } : {}),
  };
}

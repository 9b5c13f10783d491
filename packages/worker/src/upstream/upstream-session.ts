import type { OutboundProxySettings, UpstreamSettings } from '@registry-cache/config';
import type { Logger, Tracing } from '@registry-cache/runtime';
import { LRUCache } from 'lru-cache';
import type { LookupFunction } from 'node:net';
import type { Asker } from './asker.ts';
import { createAuthorization, type ChallengeMemory } from './authorization.ts';
import { createHttpClient } from './http-client.ts';
import type { ObservedUpstream } from './observed-upstream.ts';
import { createRegistryClient, type RegistryClient } from './registry-client.ts';
import type { UpstreamTimeouts } from './timeouts.ts';
import { createTokenCache } from './token-cache.ts';
import { fetchToken } from './token.ts';
import { traceHttp } from './traced-http-client.ts';

/** One upstream under one set of settings: the connections, tokens and learnt challenge that go with them. */
export interface UpstreamSession {
  readonly upstream: UpstreamSettings;
  /** Asks with the credentials of the settings, or with those of a client and no other. */
  clientOf(asker: Asker | undefined): SessionClient;
  /** Keeps a retired session open until the returned function is called, once. */
  hold(): () => void;
  /** Closes as soon as nobody holds it; resolves then. */
  retire(): Promise<void>;
  /** Breaks what is in flight. */
  close(): Promise<void>;
}

export interface SessionClient extends RegistryClient {
  forgetTokens(): void;
}

export interface UpstreamSessionOptions {
  readonly upstream: UpstreamSettings;
  readonly outboundProxy: OutboundProxySettings;
  readonly log: Logger;
  readonly now: () => number;
  readonly timeouts: UpstreamTimeouts;
  readonly lookup?: LookupFunction;
  readonly observed: ObservedUpstream;
  readonly tracing?: Tracing | undefined;
}

const MAX_CLIENTS = 1000;
// What is kept for the guesses of one who is nobody is small.
const MAX_TOKENS_OF_CLIENT = 50;

export function openUpstreamSession(options: UpstreamSessionOptions): UpstreamSession {
  const { upstream, log, now, timeouts, observed, tracing } = options;
  const untraced = createHttpClient(options);
  const http = tracing === undefined ? untraced : traceHttp(untraced, upstream.name, tracing);
  const memory: ChallengeMemory = { learnt: undefined };
  const createClient = (credentials: UpstreamSettings['credentials'], asker?: Asker): SessionClient => {
    const isClient = asker !== undefined;
    const tokens = createTokenCache({
      ...(isClient ? { maxTokens: MAX_TOKENS_OF_CLIENT } : {}),
      now,
      fetch: async (request) => {
        const bounds = { client: http, now, timeoutMs: timeouts.tokenMs };
        const token = await fetchToken(request, { ...bounds, isClient });
        log.debug({ realm: request.realm.host, scope: request.scope }, 'token fetched');
        return token;
      },
    });
    const own = { ...upstream, credentials };
    const authorization = createAuthorization({ upstream: own, tokens, memory });
    const client = createRegistryClient({
      upstream: own,
      http: observed.aroundHttp(http, !isClient),
      authorization,
      asker,
      log,
      now,
    });
    return { ...client, forgetTokens: () => tokens.clear() };
  };
  const ownClient = createClient(upstream.credentials);
  // Of each client there are tokens of its own, and never those of another.
  const clients = new LRUCache<string, SessionClient>({ max: MAX_CLIENTS });
  let holders = 0;
  let onReleased: (() => void) | undefined;

  return {
    upstream,
    clientOf(asker) {
      if (asker === undefined) return ownClient;
      const known = clients.get(asker.id);
      if (known !== undefined) return known;
      const client = createClient([{ repositoryPrefix: '', credential: asker.credential }], asker);
      clients.set(asker.id, client);
      return client;
    },
    hold() {
      holders++;
      return () => {
        holders--;
        if (holders === 0) onReleased?.();
      };
    },
    async retire() {
      if (holders > 0) await new Promise<void>((resolve) => (onReleased = resolve));
      await http.destroy();
    },
    async close() {
      await http.destroy();
    },
  };
}

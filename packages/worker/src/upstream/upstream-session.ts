import type { OutboundProxySettings, UpstreamSettings } from '@registry-cache/config';
import type { Logger } from '@registry-cache/runtime';
import type { LookupFunction } from 'node:net';
import { createAuthorization } from './authorization.ts';
import { createHttpClient } from './http-client.ts';
import { createRegistryClient, type RegistryClient } from './registry-client.ts';
import type { UpstreamTimeouts } from './timeouts.ts';
import { createTokenCache } from './token-cache.ts';
import { fetchToken } from './token.ts';

/** One upstream under one set of settings: the connections, tokens and learnt challenge that go with them. */
export interface UpstreamSession {
  readonly upstream: UpstreamSettings;
  readonly client: RegistryClient;
  /** Keeps a retired session open until the returned function is called, once. */
  hold(): () => void;
  /** Closes as soon as nobody holds it; resolves then. */
  retire(): Promise<void>;
  /** Breaks what is in flight. */
  close(): Promise<void>;
}

export interface UpstreamSessionOptions {
  readonly upstream: UpstreamSettings;
  readonly outboundProxy: OutboundProxySettings;
  readonly log: Logger;
  readonly now: () => number;
  readonly timeouts: UpstreamTimeouts;
  readonly lookup?: LookupFunction;
}

export function openUpstreamSession(options: UpstreamSessionOptions): UpstreamSession {
  const { upstream, log, now, timeouts } = options;
  const http = createHttpClient(options);
  const tokens = createTokenCache({
    now,
    fetch: async (request) => {
      const token = await fetchToken(request, { client: http, now, timeoutMs: timeouts.tokenMs });
      log.debug({ realm: request.realm.host, scope: request.scope }, 'token fetched');
      return token;
    },
  });
  const authorization = createAuthorization(upstream, tokens);
  let holders = 0;
  let onReleased: (() => void) | undefined;

  return {
    upstream,
    client: createRegistryClient({ upstream, http, authorization, log, now }),
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

import type { ProxyUpstream } from '@registry-cache/config';
import type { Decision } from '../decision.ts';
import type { Exchange } from '../exchange.ts';
import type { RequestTarget } from '../request-target.ts';
import type { SmallAnswer } from '../small-answer.ts';
import type { BaseRoute, UpstreamRoute } from '../url-shape.ts';
import type { WorkerLink } from '../worker-link/worker-link.ts';
import { createBaseDecision } from './base-decision.ts';
import { createLoginCheck } from './login-check.ts';
import type { LoginGuard } from './login-guard.ts';
import { createPullDecision } from './pull-decision.ts';
import { createSealedTokens } from './sealed-tokens.ts';
import { createTokenEndpoint } from './token-endpoint.ts';

/** Says who a client is to the upstreams that say themselves who may pull. */
export interface OriginAuth {
  /** What `/token` answers; undefined for any other path. */
  findTokenAnswer(exchange: Exchange, target: RequestTarget): Promise<SmallAnswer | undefined>;
  /** Of `/v2/`, where such an upstream is meant, or may be; undefined where none is. */
  decideBase(exchange: Exchange, route: BaseRoute): Promise<Decision | undefined>;
  /** Of a pull from such an upstream; undefined from any other. */
  decidePull(exchange: Exchange, route: UpstreamRoute): Promise<Decision | undefined>;
}

export interface OriginAuthOptions {
  readonly upstreams: readonly ProxyUpstream[];
  readonly tokenSecret: string;
  /** Origin under which clients reach this cache; what they ask for where left out. */
  readonly externalUrl: string | undefined;
  readonly workers: WorkerLink;
  readonly guard: LoginGuard;
  /** Milliseconds of the wall clock. */
  readonly now: () => number;
}

export function createOriginAuth(options: OriginAuthOptions): OriginAuth {
  const { upstreams, tokenSecret, externalUrl, workers, guard, now } = options;
  const tokens = createSealedTokens({ secret: tokenSecret, now });
  const logins = createLoginCheck({ workers, guard });
  const findTokenAnswer = createTokenEndpoint({ upstreams, tokens, logins });
  const decideBase = createBaseDecision({ upstreams, externalUrl, tokens, logins });
  const decidePull = createPullDecision({ upstreams, externalUrl, tokens, guard });
  return {
    findTokenAnswer,
    decideBase: async (exchange, route) => {
      const mayBeOrigin = route.upstream === undefined ? upstreams : [route.upstream];
      const isOrigin = mayBeOrigin.some(({ authorization }) => authorization === 'origin');
      return isOrigin ? decideBase(exchange, route) : undefined;
    },
    decidePull: async (exchange, route) =>
      route.upstream.authorization === 'origin' ? decidePull(exchange, route) : undefined,
  };
}

import type { ProxyUpstream } from '@registry-cache/config';
import type { Decision, OriginAsker } from '../decision.ts';
import type { Exchange } from '../exchange.ts';
import { peerAddress } from '../peer-address.ts';
import type { UpstreamRoute } from '../url-shape.ts';
import { findLoginFor, parseClientCredential, refuseTooLong, type Login } from './client-credential.ts';
import type { LoginGuard } from './login-guard.ts';
import { refusalsOf, refusing, type Refusals } from './refusal.ts';
import type { SealedTokens, TokenGrant } from './sealed-tokens.ts';

export interface PullDecisionOptions {
  readonly upstreams: readonly ProxyUpstream[];
  readonly externalUrl: string | undefined;
  readonly tokens: SealedTokens;
  readonly guard: LoginGuard;
}

/** Of a pull from an upstream that says itself who may. */
export type PullDecision = (exchange: Exchange, route: UpstreamRoute) => Promise<Decision>;

/**
 * Finds with which credential the upstream is asked, in any of these forms:
 *
 * - a login, in the request or sealed into a token of this cache for just this repository; a token may be an anonymous client's
 * - a token of the upstream's own, passed on as it is
 * - the query of a signed URL, which is part of the request's target anyway
 *
 * With none of them, the client is told where to get a token. Whether the credential is any good is the upstream's to say.
 */
export function createPullDecision(options: PullDecisionOptions): PullDecision {
  const { upstreams, externalUrl, tokens } = options;
  return async (exchange, route) => {
    const { upstream, client } = route;
    const meant = { upstream: upstream.name, repository: client.repository };
    const refusals = refusalsOf(exchange.request, externalUrl, meant);
    return refusing(refusals, async () => {
      const credential = parseClientCredential(exchange.request, upstreams);
      switch (credential.kind) {
        case 'none':
          return isSigned(route)
            ? ask(exchange, route, { challenge: refusals.challenge() })
            : refusals.unauthorized(`authentication required: ${upstream.name} says who may pull`);
        case 'login':
          return askWithLogin({ exchange, route, refusals, guard: options.guard }, credential.login);
        case 'bearer': {
          const opened = await tokens.open(credential.token);
          if (opened.kind === 'grant') return askWithGrant({ exchange, route, refusals }, opened.grant);
          if (opened.kind === 'expired')
            return refusals.unauthorized('token is no longer good', 'invalid_token');
          const authorization = `Bearer ${credential.token}`;
          refuseTooLong(authorization);
          return ask(exchange, route, { authorization, challenge: refusals.challenge('invalid_token') });
        }
      }
    });
  };
}

interface Asked {
  readonly exchange: Exchange;
  readonly route: UpstreamRoute;
  readonly refusals: Refusals;
}

function askWithLogin(
  { exchange, route, refusals, guard }: Asked & { readonly guard: LoginGuard },
  login: Login,
): Decision {
  const own = findLoginFor(login, route.upstream);
  const challenge = refusals.challenge();
  if (own === undefined) return ask(exchange, route, { challenge });
  const { user, authorization } = own;
  const upstreamLogin = { upstream: route.upstream.name, authorization };
  const address = peerAddress(exchange.request.socket);
  guard.admit(upstreamLogin, address);
  const onStatus = (status: number): void => {
    if (status === 401) guard.refused(upstreamLogin, address);
    else if (status < 400) guard.accepted(upstreamLogin);
  };
  return ask(exchange, route, { authorization, challenge, onStatus }, user);
}

function askWithGrant({ exchange, route, refusals }: Asked, grant: TokenGrant): Decision {
  const { authorization, user } = grant;
  if (!isFor(grant, route)) {
    return refusals.unauthorized('token is not for this repository', 'insufficient_scope');
  }
  // An anonymous client may get further with a login, but not with another token.
  const challenge = refusals.challenge(authorization === undefined ? 'insufficient_scope' : 'invalid_token');
  return ask(exchange, route, { challenge, ...(authorization === undefined ? {} : { authorization }) }, user);
}

function ask(
  { request }: Exchange,
  route: UpstreamRoute,
  asker: Omit<OriginAsker, 'via'>,
  user?: string,
): Decision {
  const { via } = request.headers;
  const origin = { ...asker, ...(via === undefined ? {} : { via }) };
  return { kind: 'pull', route, asker: { origin, ...(user === undefined ? {} : { user }) } };
}

function isFor({ upstream, repositories }: TokenGrant, route: UpstreamRoute): boolean {
  const { request } = route;
  return upstream === route.upstream.name && request.kind !== 'base' && repositories.includes(request.name);
}

/** As registries redirect to: only a blob has a URL that is a credential by itself. */
function isSigned({ request, query }: UpstreamRoute): boolean {
  return request.kind === 'blob' && query !== '';
}

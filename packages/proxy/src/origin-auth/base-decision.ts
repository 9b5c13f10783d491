import type { ProxyUpstream } from '@registry-cache/config';
import { API_BASE, type Decision } from '../decision.ts';
import type { Exchange } from '../exchange.ts';
import type { BaseRoute } from '../url-shape.ts';
import { findLoginFor, parseClientCredential, refuseTooLong, type Login } from './client-credential.ts';
import type { LoginCheck, LoginVerdict } from './login-check.ts';
import { refusalsOf, refusing, type Refusals } from './refusal.ts';
import type { SealedTokens } from './sealed-tokens.ts';
import { findUpstreamOfLogin } from './upstream-of-login.ts';

export interface BaseDecisionOptions {
  readonly upstreams: readonly ProxyUpstream[];
  readonly externalUrl: string | undefined;
  readonly tokens: SealedTokens;
  readonly logins: LoginCheck;
}

/** Of `/v2/`, where an upstream that says itself who may pull is meant, or may be. */
export type BaseDecision = (exchange: Exchange, route: BaseRoute) => Promise<Decision>;

/**
 * Clients ask for `/v2/` to learn how to log in, and whether a login is right. podman, CRI-O and skopeo take the scheme from the
 * root for every path: it is a challenge there as soon as one upstream needs it.
 */
export function createBaseDecision(options: BaseDecisionOptions): BaseDecision {
  const { upstreams, externalUrl, tokens, logins } = options;

  const decideToken = async ({ exchange, upstream, refusals }: Asked, token: string): Promise<Decision> => {
    const opened = await tokens.open(token);
    if (opened.kind === 'expired') return refusals.unauthorized('token is no longer good', 'invalid_token');
    if (opened.kind === 'grant') {
      const { grant } = opened;
      const isOthers = upstream !== undefined && (grant.upstream ?? upstream.name) !== upstream.name;
      return isOthers
        ? refusals.unauthorized('token is not for this upstream', 'insufficient_scope')
        : API_BASE;
    }
    const meant = upstream ?? findUpstreamOfLogin(undefined, upstreams);
    if (meant === undefined) return refusals.unauthorized('token is not of this cache', 'invalid_token');
    const authorization = `Bearer ${token}`;
    refuseTooLong(authorization);
    const verdict = await logins.ofToken(exchange, { upstream: meant, authorization });
    return decisionOf(verdict, refusals.unauthorized('token is not accepted', 'invalid_token'));
  };

  const decideLogin = async ({ exchange, upstream, refusals }: Asked, login: Login): Promise<Decision> => {
    const meant = upstream ?? findUpstreamOfLogin(login, upstreams);
    // Nobody can be asked about it, and it opens nothing: every pull is checked.
    if (meant?.authorization !== 'origin') return API_BASE;
    const own = findLoginFor(login, meant);
    if (own === undefined) return refusals.unauthorized(`login is not for ${meant.name}`);
    const verdict = await logins.ofPassword(exchange, { upstream: meant, ...own });
    return decisionOf(verdict, refusals.unauthorized('wrong user name or password'));
  };

  return async (exchange, { upstream }) => {
    const meant = upstream === undefined ? {} : { upstream: upstream.name };
    const refusals = refusalsOf(exchange.request, externalUrl, meant);
    const asked = { exchange, upstream, refusals };
    return refusing(refusals, async () => {
      const credential = parseClientCredential(exchange.request, upstreams);
      switch (credential.kind) {
        case 'none':
          return refusals.unauthorized('authentication required');
        case 'login':
          return decideLogin(asked, credential.login);
        case 'bearer':
          return decideToken(asked, credential.token);
      }
    });
  };
}

interface Asked {
  readonly exchange: Exchange;
  readonly upstream: ProxyUpstream | undefined;
  readonly refusals: Refusals;
}

function decisionOf(verdict: LoginVerdict, refusal: Decision): Decision {
  switch (verdict.kind) {
    case 'right':
      return API_BASE;
    case 'wrong':
      return refusal;
    case 'unknown':
      return { kind: 'answer', answer: verdict.answer };
  }
}

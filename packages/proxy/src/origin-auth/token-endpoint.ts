import type { ProxyUpstream } from '@registry-cache/config';
import { RegistryError } from '@registry-cache/oci';
import type { Exchange } from '../exchange.ts';
import type { RequestTarget } from '../request-target.ts';
import type { SmallAnswer } from '../small-answer.ts';
import { namedUpstream } from '../url-shape.ts';
import { findLoginFor, parseClientCredential, type Login, type LoginThere } from './client-credential.ts';
import type { LoginCheck } from './login-check.ts';
import type { SealedToken, SealedTokens, TokenGrant } from './sealed-tokens.ts';
import { findTokenScope, type TokenScope } from './token-scope.ts';
import { findUpstreamOfLogin } from './upstream-of-login.ts';

/**
 * `/token` and `/token/<upstream>`, which give clients the tokens that they pull with. Undefined for any other path.
 *
 * @throws {RegistryError} `UNAUTHORIZED` for a wrong password, `NAME_UNKNOWN` for an upstream that there is not
 */
export type TokenEndpoint = (exchange: Exchange, target: RequestTarget) => Promise<SmallAnswer | undefined>;

export interface TokenEndpointOptions {
  readonly upstreams: readonly ProxyUpstream[];
  readonly tokens: SealedTokens;
  readonly logins: LoginCheck;
}

/**
 * 1. Find what the token is for: the repositories of the scopes, or else the upstream that a login must be meant for.
 * 2. A password is checked there, so that a client learns at once that it is wrong. It is checked nowhere where that upstream lets
 *    anybody pull, or where a login could be anybody's: every pull is checked anyway.
 * 3. Seal the login into a token that opens these repositories only.
 *
 * @see distribution, "Token Authentication Specification"
 */
export function createTokenEndpoint({ upstreams, tokens, logins }: TokenEndpointOptions): TokenEndpoint {
  return async (exchange, { path, query }) => {
    // An upstream that is called `token` keeps its own base.
    const [isToken, name] = /^\/token(?:\/(?!v2$)([^/]+))?$/.exec(path) ?? [];
    if (isToken === undefined) return undefined;
    exchange.response.setHeader('cache-control', 'no-store');
    const realm = name === undefined ? undefined : namedUpstream(name, upstreams);
    const login = findPasswordLogin(exchange.request, upstreams);
    const scopes = new URLSearchParams(query).getAll('scope').flatMap((scope) => scope.split(/\s+/));
    const scope = findTokenScope(scopes, { upstreams, ...(realm === undefined ? {} : { realm }) });

    const upstream =
      scope?.upstream ?? realm ?? (login === undefined ? undefined : findUpstreamOfLogin(login, upstreams));
    const own = upstream === undefined ? undefined : findLoginFor(login, upstream);
    if (upstream !== undefined && own !== undefined) {
      const verdict = await logins.ofPassword(exchange, { upstream, ...own });
      if (verdict.kind === 'wrong') throw new RegistryError('UNAUTHORIZED', 'wrong user name or password');
      if (verdict.kind === 'unknown') return verdict.answer;
    }
    return answerOf(await tokens.seal(grantOf(scope, upstream, own)));
  };
}

function findPasswordLogin(
  request: Exchange['request'],
  upstreams: readonly ProxyUpstream[],
): Login | undefined {
  const credential = parseClientCredential(request, upstreams);
  if (credential.kind === 'bearer') {
    throw new RegistryError('UNAUTHORIZED', 'unsupported authorization: expected Basic user:password');
  }
  return credential.kind === 'login' ? credential.login : undefined;
}

/** A login goes into a token only where there is something to pull with it. */
function grantOf(
  scope: TokenScope | undefined,
  upstream: ProxyUpstream | undefined,
  own: LoginThere | undefined,
): TokenGrant {
  return {
    repositories: scope?.repositories ?? [],
    ...(upstream === undefined ? {} : { upstream: upstream.name }),
    ...(scope === undefined || own === undefined ? {} : { authorization: own.authorization, user: own.user }),
  };
}

function answerOf({ token, issuedAtMs, expiresInSeconds }: SealedToken): SmallAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      token,
      access_token: token,
      expires_in: expiresInSeconds,
      issued_at: new Date(issuedAtMs).toISOString(),
    }),
  };
}

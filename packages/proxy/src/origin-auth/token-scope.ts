import type { ProxyUpstream } from '@registry-cache/config';
import { RegistryError } from '@registry-cache/oci';
import { routeTarget, type Route } from '../url-shape.ts';

/** What a token is for. */
export interface TokenScope {
  readonly upstream: ProxyUpstream;
  /** As the upstream knows them. */
  readonly repositories: readonly string[];
}

export interface TokenScopeOptions {
  /** The upstream of names without one; the default upstream where left out. */
  readonly realm?: ProxyUpstream;
  readonly upstreams: readonly ProxyUpstream[];
}

const SCOPE = /^repository(?:\([^()]*\))?:(.+):([^:]*)$/;
// Clients name one or two.
const MAX_SCOPES = 16;

/**
 * What may be pulled of the scopes that a client asks for, which names them as it does in URLs. A token is for one upstream, the one
 * that is named first. Undefined where there is nothing to pull: a token server leaves out what it does not grant.
 *
 * @see distribution, "Token Scope Documentation"
 */
export function findTokenScope(
  scopes: readonly string[],
  options: TokenScopeOptions,
): TokenScope | undefined {
  const named = scopes.slice(0, MAX_SCOPES).flatMap((scope) => {
    const [, name = '', actions = ''] = SCOPE.exec(scope) ?? [];
    return actions.split(',').includes('pull') ? findRepository(name, options) : [];
  });
  const [first] = named;
  if (first === undefined) return undefined;
  const { upstream } = first;
  const repositories = named.filter((other) => other.upstream === upstream).map(({ name }) => name);
  return { upstream, repositories: [...new Set(repositories)] };
}

/** One, or none where the name means nothing here. */
function findRepository(
  name: string,
  { realm, upstreams }: TokenScopeOptions,
): { upstream: ProxyUpstream; name: string }[] {
  const route = findRoute(name, upstreams, realm);
  if (route?.kind !== 'upstream' || route.request.kind !== 'tags') return [];
  return [{ upstream: route.upstream, name: route.request.name }];
}

function findRoute(
  name: string,
  upstreams: readonly ProxyUpstream[],
  realm: ProxyUpstream | undefined,
): Route | undefined {
  const ns = realm === undefined ? {} : { ns: realm.name };
  try {
    return routeTarget({ path: `/v2/${name}/tags/list`, query: '', ...ns }, upstreams);
  } catch (err) {
    if (err instanceof RegistryError) return undefined;
    throw err;
  }
}

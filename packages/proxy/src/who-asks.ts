import type { ProxyUpstream } from '@registry-cache/config';
import type { Auth } from './auth/htpasswd-auth.ts';
import { API_BASE, type Decision } from './decision.ts';
import type { Exchange } from './exchange.ts';
import type { OriginAuth } from './origin-auth/origin-auth.ts';
import { peerAddress } from './peer-address.ts';
import type { RequestTarget } from './request-target.ts';
import { routeTarget } from './url-shape.ts';

/** Who may pull what. */
export interface Access {
  readonly upstreams: readonly ProxyUpstream[];
  /** Clients must log in at this cache where this is set. */
  readonly auth?: Auth;
  /** Set where an upstream says itself who may pull; never together with `auth`, since a client has one `Authorization`. */
  readonly originAuth?: OriginAuth;
}

/**
 * Finds what a request is for and on whose behalf, before any worker is asked for it.
 *
 * @throws {RegistryError} what `authenticate` and `routeTarget` throw, and `TOOMANYREQUESTS` for guessed passwords
 */
export async function whoAsks(
  exchange: Exchange,
  target: RequestTarget,
  { upstreams, auth, originAuth }: Access,
): Promise<Decision> {
  const { request, response } = exchange;
  const user = await auth?.authenticate(request.headers.authorization, peerAddress(request.socket));
  const token = await originAuth?.findTokenAnswer(exchange, target);
  if (token !== undefined) return { kind: 'answer', answer: token };
  const route = routeTarget(target, upstreams);
  if (route.namespace !== undefined) response.setHeader('oci-namespace', route.namespace);
  if (route.kind === 'base') return (await originAuth?.decideBase(exchange, route)) ?? API_BASE;
  const byOrigin = await originAuth?.decidePull(exchange, route);
  return byOrigin ?? { kind: 'pull', route, asker: user === undefined ? {} : { user } };
}

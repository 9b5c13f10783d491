import type { ProxyUpstream } from '@registry-cache/config';
import type { Login } from './client-credential.ts';

/**
 * The upstream that a login without a repository must be meant for: the one that its user name says, or the only one that has
 * logins. Undefined where there are several: a password is tried nowhere.
 */
export function findUpstreamOfLogin(
  login: Login | undefined,
  upstreams: readonly ProxyUpstream[],
): ProxyUpstream | undefined {
  if (login?.upstream !== undefined) return upstreams.find(({ name }) => name === login.upstream);
  const [only, ...others] = upstreams.filter(({ authorization }) => authorization === 'origin');
  return others.length === 0 ? only : undefined;
}

import { isIP } from 'node:net';
import { describeUrl } from './error-message.ts';
import { UpstreamError } from './upstream-error.ts';

/**
 * The token endpoint that a registry's challenge names.
 *
 * @throws {UpstreamError} `invalid` when it is no URL of a token endpoint, `denied` when it would take a request that is
 * encrypted on its way to the registry to a place where it is not.
 */
export function parseRealm(realm: string, registry: URL): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    // What cannot be parsed is not shown: there is no telling where in it a secret is.
    const shown = url === undefined ? 'by a malformed URL' : describeUrl(url);
    throw new UpstreamError(
      'invalid',
      `${registry.host} names the token endpoint ${shown}: expected an absolute URL of http or https without userinfo`,
    );
  }
  if (registry.protocol === 'https:' && url.protocol === 'http:') {
    throw new UpstreamError(
      'denied',
      `${registry.host} names the token endpoint ${describeUrl(url)} without TLS: a token is asked for over https only`,
    );
  }
  return url;
}

/**
 * Whether a registry's credentials may be sent to the token endpoint that it names: only to the registry's own host, to
 * one of its registrable domain, or to one that the operator lists. Otherwise a registry, or whoever can change its
 * answer, could have them sent anywhere.
 *
 * @see CVE-2026-33540
 */
export async function isTrustedRealm(
  realm: URL,
  registry: URL,
  tokenHosts: readonly string[],
): Promise<boolean> {
  if (realm.hostname === registry.hostname) return true;
  if (tokenHosts.some((host) => [realm.host, realm.hostname].includes(host.toLowerCase()))) return true;
  if (isAddress(realm.hostname) || isAddress(registry.hostname)) return false;
  // The public suffix list is large, and most registries are their own token endpoint.
  const { getDomain } = await import('tldts');
  // Private suffixes count: two customers of one hosting domain are not one registrant.
  const options = { allowPrivateDomains: true };
  const domain = getDomain(registry.hostname, options);
  return domain !== null && domain === getDomain(realm.hostname, options);
}

function isAddress(hostname: string): boolean {
  return hostname.startsWith('[') || isIP(hostname) !== 0;
}

import { isIP } from 'node:net';

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

import type { UpstreamName } from '@registry-cache/oci';
import { matchesRegistry } from './pull-secret-key.ts';
import type { PullSecretEntry } from './pull-secret.ts';
import type { CredentialEntry } from './settings.ts';

/**
 * The pull secret's credentials for `upstream`, longest repository prefix first and one for each prefix: a key that names the
 * registry counts before a wildcard, a longer wildcard before a shorter one, a credential before `{}`, an earlier key before
 * a later one.
 */
export function credentialsOf(
  upstream: UpstreamName,
  pullSecret: readonly PullSecretEntry[],
): { readonly credentials: readonly CredentialEntry[]; readonly warnings: readonly string[] } {
  const chosen = new Map<string, PullSecretEntry>();
  const warnings: string[] = [];
  for (const entry of pullSecret
    .filter(({ registry }) => matchesRegistry(registry, upstream))
    .toSorted(byRank)) {
    const earlier = chosen.get(entry.repositoryPrefix);
    if (earlier === undefined) chosen.set(entry.repositoryPrefix, entry);
    else if (contradicts(earlier, entry)) {
      warnings.push(`the pull secret has several credentials for ${entry.name}: the first one is used`);
    }
  }
  const credentials = [...chosen.values()]
    .map(({ repositoryPrefix, credential }) => ({ repositoryPrefix, credential }))
    .toSorted((a, b) => b.repositoryPrefix.length - a.repositoryPrefix.length);
  return { credentials, warnings };
}

// Sorting is stable: among equals the order of the file stays.
function byRank(a: PullSecretEntry, b: PullSecretEntry): number {
  return wildcardRank(a) - wildcardRank(b) || anonymousRank(a) - anonymousRank(b);
}

/** 0 for the registry's own name, and more the less a wildcard says. */
function wildcardRank({ registry }: PullSecretEntry): number {
  return registry.kind === 'upstream' ? 0 : 1 / registry.pattern.length;
}

function anonymousRank({ credential }: PullSecretEntry): number {
  return credential.kind === 'anonymous' ? 1 : 0;
}

/** Two keys for one place, such as `docker.io` and `https://index.docker.io/v1/`, mostly say the same. */
function contradicts(earlier: PullSecretEntry, later: PullSecretEntry): boolean {
  return (
    earlier.name === later.name &&
    later.credential.kind !== 'anonymous' &&
    JSON.stringify(earlier.credential) !== JSON.stringify(later.credential)
  );
}

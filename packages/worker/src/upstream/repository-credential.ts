import type { Credential, CredentialEntry } from '@registry-cache/config';
import type { RepositoryName } from '@registry-cache/oci';

export type SecretCredential = Exclude<Credential, { readonly kind: 'anonymous' }>;

/** The credential of one repository. */
export interface RepositoryCredential {
  /** What it was chosen by; names it among the credentials of its upstream without giving it away. */
  readonly repositoryPrefix: string;
  readonly credential: SecretCredential;
}

/**
 * The credential with the longest prefix of the repository's name in whole components; undefined where none matches or
 * where that one asks for anonymous access. Without a name, that of the whole upstream.
 */
export function findRepositoryCredential(
  entries: readonly CredentialEntry[],
  name: RepositoryName | undefined,
): RepositoryCredential | undefined {
  const [longest] = entries
    .filter(({ repositoryPrefix }) => isPrefix(repositoryPrefix, name))
    .toSorted((one, other) => other.repositoryPrefix.length - one.repositoryPrefix.length);
  if (longest === undefined || longest.credential.kind === 'anonymous') return undefined;
  return { repositoryPrefix: longest.repositoryPrefix, credential: withoutTokenUser(longest.credential) };
}

function isPrefix(prefix: string, name: string | undefined): boolean {
  return prefix === '' || prefix === name || name?.startsWith(`${prefix}/`) === true;
}

// Docker's convention: a password whose user is `<token>` is an identity token.
function withoutTokenUser(credential: SecretCredential): SecretCredential {
  if (credential.kind !== 'basic' || credential.username !== '<token>') return credential;
  return { kind: 'identity-token', token: credential.password };
}

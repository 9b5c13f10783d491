import { RegistryError } from './registry-error.ts';

declare const repositoryNameBrand: unique symbol;

/** A repository's `<name>` without its registry: `library/alpine`. */
export type RepositoryName = string & { readonly [repositoryNameBrand]: true };

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const NAME = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const MAX_LENGTH = 255;

/**
 * @throws {RegistryError} `NAME_INVALID`
 * @see OCI distribution-spec, "Pulling manifests"
 */
export function parseRepositoryName(text: string): RepositoryName {
  if (text.length > MAX_LENGTH || !NAME.test(text)) {
    throw new RegistryError(
      'NAME_INVALID',
      `invalid repository name ${JSON.stringify(text.slice(0, MAX_LENGTH))}: expected lower-case path components of at most ${MAX_LENGTH} characters`,
    );
  }
  return text as RepositoryName;
}

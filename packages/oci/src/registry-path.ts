import { parseDigest, type Digest } from './digest.ts';
import { parseReference, type Reference } from './reference.ts';
import { RegistryError } from './registry-error.ts';
import { parseRepositoryName, type RepositoryName } from './repository-name.ts';

/** What a path below `/v2/` asks for. */
export type RegistryRequest =
  | { readonly kind: 'base' }
  | { readonly kind: 'manifest'; readonly name: RepositoryName; readonly reference: Reference }
  | { readonly kind: 'blob'; readonly name: RepositoryName; readonly digest: Digest }
  | { readonly kind: 'tags'; readonly name: RepositoryName }
  | { readonly kind: 'referrers'; readonly name: RepositoryName; readonly digest: Digest };

/**
 * Reads `/v2/<name>/…` of a path without its query. The last occurrence of the endpoint's word counts, since a
 * repository may itself be called `manifests`.
 *
 * @throws {RegistryError} `NAME_INVALID`, `TAG_INVALID`, `DIGEST_INVALID`, or `NAME_UNKNOWN` for a path that is no endpoint.
 * @see OCI distribution-spec, "Endpoints"
 */
export function parseRegistryPath(path: string): RegistryRequest {
  if (path === '/v2/' || path === '/v2') return { kind: 'base' };
  const endpoint = /^\/v2\/(.+)\/(?:(manifests|blobs|referrers)\/([^/]+)|tags\/list)$/.exec(path);
  if (endpoint === null)
    throw new RegistryError(
      'NAME_UNKNOWN',
      'no such endpoint: expected /v2/<name>/manifests, blobs, referrers or tags/list',
    );
  const name = parseRepositoryName(endpoint[1] ?? '');
  const last = endpoint[3] ?? '';
  switch (endpoint[2]) {
    case 'manifests':
      return { kind: 'manifest', name, reference: parseReference(last) };
    case 'blobs':
      return { kind: 'blob', name, digest: parseDigest(last) };
    case 'referrers':
      return { kind: 'referrers', name, digest: parseDigest(last) };
    default:
      return { kind: 'tags', name };
  }
}

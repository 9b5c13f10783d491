import {
  findUpstreamName,
  formatReference,
  parseReference,
  parseRepositoryName,
  RegistryError,
  type Reference,
  type RepositoryName,
  type UpstreamName,
} from '@registry-cache/oci';

/** An image as operators name it. */
export interface ImageName {
  readonly upstream: UpstreamName;
  readonly repository: RepositoryName;
  readonly reference: Reference;
}

export class InvalidImageNameError extends Error {
  override readonly name = 'InvalidImageNameError';

  constructor(text: string, problem: string, options?: ErrorOptions) {
    const quoted = JSON.stringify(text.slice(0, MAX_QUOTED));
    super(
      `invalid image name ${quoted}: ${problem}; expected one such as quay.io/org/app:1.0 or quay.io/org/app@sha256:…`,
      options,
    );
  }
}

const MAX_QUOTED = 300;

/**
 * Reads `quay.io/org/app:1.0` or `quay.io/org/app@sha256:…`. Without tag and digest it is the tag `latest`; where there are both,
 * the digest counts, as for clients. `docker.io` names without a slash get `library/`.
 *
 * @param defaultUpstream of names such as `alpine`, whose first component is no host
 * @param upstreams that are there: one of them may be called `mirror`, without a dot
 * @throws {InvalidImageNameError}
 */
export function parseImageName(
  text: string,
  defaultUpstream?: UpstreamName,
  upstreams: readonly UpstreamName[] = [],
): ImageName {
  const { name, reference } = splitReference(text);
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const isHost = looksLikeHost(first) || upstreams.some((known) => known === first);
  // Without a default, the first component is an upstream or the name is of no use.
  if (!isHost && (defaultUpstream !== undefined || first === '')) {
    if (defaultUpstream === undefined) throw new InvalidImageNameError(text, 'it names no upstream');
    return nameIn(text, defaultUpstream, name, reference);
  }
  const upstream = findUpstreamName(first);
  if (upstream === undefined) {
    throw new InvalidImageNameError(text, `${JSON.stringify(first.slice(0, MAX_QUOTED))} is no upstream`);
  }
  return nameIn(text, upstream, name.slice(slash + 1), reference);
}

/** What `parseImageName` reads: `docker.io/library/alpine:latest`. */
export function formatImageName({ upstream, repository, reference }: ImageName): string {
  const separator = reference.kind === 'tag' ? ':' : '@';
  return `${upstream}/${repository}${separator}${formatReference(reference)}`;
}

/** Whether clients take the first component of a name for a registry. */
export function looksLikeHost(component: string): boolean {
  return component.includes('.') || component.includes(':') || component === 'localhost';
}

function nameIn(text: string, upstream: UpstreamName, name: string, reference: string): ImageName {
  const isShort = upstream === 'docker.io' && !name.includes('/');
  try {
    return {
      upstream,
      repository: parseRepositoryName(isShort ? `library/${name}` : name),
      reference: parseReference(reference),
    };
  } catch (cause) {
    if (!(cause instanceof RegistryError)) throw cause;
    throw new InvalidImageNameError(text, cause.message, { cause });
  }
}

/** A port has a colon too, and always a slash behind it. */
function splitReference(text: string): { readonly name: string; readonly reference: string } {
  const [beforeDigest = '', digest] = text.split(/@(.*)/s, 2);
  const colon = beforeDigest.indexOf(':', beforeDigest.lastIndexOf('/') + 1);
  const name = colon === -1 ? beforeDigest : beforeDigest.slice(0, colon);
  const tag = colon === -1 ? 'latest' : beforeDigest.slice(colon + 1);
  // A digest without a colon would be read as a tag.
  if (digest !== undefined) return { name, reference: digest.includes(':') ? digest : `:${digest}` };
  return { name, reference: tag };
}

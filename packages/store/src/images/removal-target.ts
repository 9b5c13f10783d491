import type { Digest, Reference, Tag } from '@registry-cache/oci';
import type { RepositoryContents } from './repository-contents.ts';

/** What is to go when an image is removed, whoever else needs it. */
export interface RemovalTarget {
  readonly digest: Digest;
  readonly tags: readonly Tag[];
  /** Asked for by its digest, it goes though an index refers to it. */
  readonly isCertain: boolean;
}

/** A tag alone, or a manifest with every tag that names it; undefined where there is none. */
export function findRemovalTarget(
  contents: RepositoryContents,
  reference: Reference,
): RemovalTarget | undefined {
  return reference.kind === 'tag' ? byTag(contents, reference.tag) : byDigest(contents, reference.digest);
}

function byTag({ tags }: RepositoryContents, tag: Tag): RemovalTarget | undefined {
  const stored = tags.get(tag);
  return stored && { digest: stored.digest, tags: [tag], isCertain: false };
}

function byDigest({ tags, revisions }: RepositoryContents, digest: Digest): RemovalTarget | undefined {
  const naming = [...tags].filter(([, stored]) => stored.digest === digest).map(([tag]) => tag);
  if (naming.length === 0 && !revisions.has(digest)) return undefined;
  return { digest, tags: naming, isCertain: true };
}

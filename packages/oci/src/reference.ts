import { parseDigest, type Digest } from './digest.ts';
import { RegistryError } from './registry-error.ts';

declare const tagBrand: unique symbol;

export type Tag = string & { readonly [tagBrand]: true };

export type Reference =
  { readonly kind: 'tag'; readonly tag: Tag } | { readonly kind: 'digest'; readonly digest: Digest };

/**
 * @throws {RegistryError} `TAG_INVALID`
 * @see OCI distribution-spec, "Pulling manifests"
 */
export function parseTag(text: string): Tag {
  const tag = findTag(text);
  if (tag === undefined) {
    throw new RegistryError(
      'TAG_INVALID',
      `invalid tag ${JSON.stringify(text.slice(0, 128))}: expected [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`,
    );
  }
  return tag;
}

/** The tag that `text` is, or undefined when it is none: for directory entries that may be anything. */
export function findTag(text: string): Tag | undefined {
  return /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/.test(text) ? (text as Tag) : undefined;
}

/** @throws {RegistryError} `TAG_INVALID`, or `DIGEST_INVALID` when the text has a colon and so can be no tag. */
export function parseReference(text: string): Reference {
  if (!text.includes(':')) return { kind: 'tag', tag: parseTag(text) };
  return { kind: 'digest', digest: parseDigest(text) };
}

export function formatReference(reference: Reference): string {
  return reference.kind === 'tag' ? reference.tag : reference.digest;
}

import { RegistryError } from './registry-error.ts';

declare const digestBrand: unique symbol;

/** `sha256:<64 hex>` or `sha512:<128 hex>`, lower case: a content address that has been checked for its form. */
export type Digest = string & { readonly [digestBrand]: true };

export type DigestAlgorithm = 'sha256' | 'sha512';

const HEX_LENGTHS: Record<DigestAlgorithm, number> = { sha256: 64, sha512: 128 };

/**
 * @throws {RegistryError} `DIGEST_INVALID` when the text is not a digest of a supported algorithm.
 * @see OCI image-spec, "Digests"
 */
export function parseDigest(text: string): Digest {
  const digest = findDigest(text);
  if (digest === undefined) {
    throw new RegistryError(
      'DIGEST_INVALID',
      `invalid digest ${quote(text)}: expected sha256:<64 hex> or sha512:<128 hex>`,
    );
  }
  return digest;
}

/** The digest that `text` is, or undefined when it is none: for directory entries and headers that may be anything. */
export function findDigest(text: string): Digest | undefined {
  const match = /^(sha256|sha512):([0-9a-f]+)$/.exec(text);
  if (match === null) return undefined;
  const [, algorithm, hex] = match as unknown as [string, DigestAlgorithm, string];
  return hex.length === HEX_LENGTHS[algorithm] ? (text as Digest) : undefined;
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.slice(0, digest.indexOf(':')) as DigestAlgorithm;
}

export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 160 ? `${text.slice(0, 160)}…` : text);
}

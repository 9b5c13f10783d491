import type { Digest } from './digest.ts';
import { findDigest } from './digest.ts';
import { findMediaType, parseManifestDocument } from './manifest.ts';

/** What a manifest says of something that it refers to. */
export interface Descriptor {
  readonly digest: Digest;
  /** Empty where it says none. */
  readonly mediaType: string;
  /** Undefined where it says none. */
  readonly sizeBytes: number | undefined;
  /** `linux/amd64`, `linux/arm/v7`; `unknown/unknown` for what belongs to an image and is none, such as an attestation. */
  readonly platform: string | undefined;
}

/** A manifest as an operator sees it: all that it refers to, each once. */
export interface ManifestDescription {
  readonly mediaType: string;
  /** An artifact may have none, and an index has none. */
  readonly config: Descriptor | undefined;
  readonly layers: readonly Descriptor[];
  /** Of an index. */
  readonly manifests: readonly Descriptor[];
}

/**
 * Reads what `parseManifest` reads, with what descriptors say. Those that make no sense are passed over.
 *
 * @throws {RegistryError} `MANIFEST_INVALID`, as `parseManifest` does
 * @see OCI image-spec, "Content Descriptors"
 */
export function describeManifest(bytes: Uint8Array): ManifestDescription {
  const { document, mediaType } = parseManifestDocument(bytes);
  const [config] = descriptorsOf([document['config']]);
  const layers = ['layers', 'blobs', 'fsLayers'].flatMap((key) => descriptorsOf(document[key]));
  return {
    mediaType,
    config,
    layers: eachOnce(layers.filter(({ digest }) => digest !== config?.digest)),
    manifests: eachOnce(descriptorsOf(document['manifests'])),
  };
}

/** `linux/arm64/v8` of an object with `os`, `architecture` and `variant`, as descriptors and configs of images have it. */
export function findPlatform(platform: unknown): string | undefined {
  const { os, architecture, variant } = fieldsOf(platform);
  if (!isWord(os) || !isWord(architecture)) return undefined;
  return isWord(variant) ? `${os}/${architecture}/${variant}` : `${os}/${architecture}`;
}

function descriptorsOf(list: unknown): Descriptor[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown) => {
    const { digest, blobSum, mediaType, size, platform } = fieldsOf(entry);
    const text = digest ?? blobSum;
    const known = typeof text === 'string' ? findDigest(text) : undefined;
    if (known === undefined) return [];
    return {
      digest: known,
      mediaType: findMediaType(mediaType) ?? '',
      sizeBytes: Number.isSafeInteger(size) && Number(size) >= 0 ? Number(size) : undefined,
      platform: findPlatform(platform),
    };
  });
}

function eachOnce(descriptors: readonly Descriptor[]): Descriptor[] {
  const seen = new Set<Digest>();
  return descriptors.filter(({ digest }) => !seen.has(digest) && seen.add(digest));
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** It is shown on terminals and pages, and a document may say anything. */
function isWord(text: unknown): text is string {
  return typeof text === 'string' && /^[\w.+-]{1,64}$/.test(text);
}

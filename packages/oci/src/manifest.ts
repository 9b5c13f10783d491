import { findDigest, type Digest } from './digest.ts';
import { DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED, OCI_INDEX, OCI_MANIFEST } from './media-types.ts';
import { RegistryError } from './registry-error.ts';

/** The most bytes a manifest may have: what distribution and most registries accept. */
export const MAX_MANIFEST_BYTES: number = 4 * 1024 * 1024;

/** What a cache needs to know of a manifest; its bytes stay as they are. */
export interface Manifest {
  readonly mediaType: string;
  /** Blobs that the manifest refers to: its config and layers. */
  readonly blobs: readonly Digest[];
  /** How many bytes a blob has, as far as the manifest says. */
  readonly sizes: ReadonlyMap<Digest, number>;
  /** Manifests that an index refers to. */
  readonly manifests: readonly Digest[];
}

/**
 * Reads a manifest or an index of any of the known forms. The media type is the document's own `mediaType`; where it has
 * none, its shape decides, as the OCI image-spec allows only there.
 *
 * @throws {RegistryError} `MANIFEST_INVALID` when the bytes are not a JSON object of a known shape.
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  const { document, mediaType } = parseManifestDocument(bytes);
  return {
    mediaType,
    blobs: [
      ...digestsOf([document['config']], 'digest'),
      ...digestsOf(document['layers'], 'digest'),
      ...digestsOf(document['blobs'], 'digest'),
      ...digestsOf(document['fsLayers'], 'blobSum'),
    ],
    sizes: sizesOf([document['config'], document['layers'], document['blobs']].flat()),
    manifests: digestsOf(document['manifests'], 'digest'),
  };
}

interface ManifestDocument {
  readonly document: Readonly<Record<string, unknown>>;
  readonly mediaType: string;
}

/** @throws {RegistryError} as `parseManifest` does */
export function parseManifestDocument(bytes: Uint8Array): ManifestDocument {
  const document = parseObject(bytes);
  const mediaType =
    typeof document['mediaType'] === 'string' ? checked(document['mediaType']) : mediaTypeOfShape(document);
  return { document, mediaType };
}

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new RegistryError('MANIFEST_INVALID', 'manifest is not JSON', { cause });
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new RegistryError('MANIFEST_INVALID', 'manifest is not a JSON object');
  }
  return document as Record<string, unknown>;
}

/** The media type that `text` is, or undefined when it is none: for documents, which may say anything. */
export function findMediaType(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  return /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/.test(text) ? text : undefined;
}

/** It becomes a header. */
function checked(text: string): string {
  const mediaType = findMediaType(text);
  if (mediaType !== undefined) return mediaType;
  throw new RegistryError('MANIFEST_INVALID', 'manifest has a mediaType that is none');
}

function mediaTypeOfShape(document: Record<string, unknown>): string {
  if (Array.isArray(document['manifests'])) return OCI_INDEX;
  if (Array.isArray(document['layers']) || document['config'] !== undefined) return OCI_MANIFEST;
  if (document['schemaVersion'] === 1) {
    return Array.isArray(document['signatures']) ? DOCKER_SCHEMA1_SIGNED : DOCKER_SCHEMA1;
  }
  throw new RegistryError('MANIFEST_INVALID', 'manifest has neither mediaType nor layers nor manifests');
}

function digestsOf(descriptors: unknown, key: string): Digest[] {
  if (!Array.isArray(descriptors)) return [];
  const digests = descriptors.map((descriptor: unknown) => {
    const text = (descriptor as Record<string, unknown> | null | undefined)?.[key];
    return typeof text === 'string' ? findDigest(text) : undefined;
  });
  return [...new Set(digests.filter((digest) => digest !== undefined))];
}

function sizesOf(descriptors: readonly unknown[]): Map<Digest, number> {
  const sizes = new Map<Digest, number>();
  for (const descriptor of descriptors) {
    const { digest, size } = (descriptor ?? {}) as Record<string, unknown>;
    const known = typeof digest === 'string' ? findDigest(digest) : undefined;
    if (known !== undefined && Number.isSafeInteger(size)) sizes.set(known, Number(size));
  }
  return sizes;
}

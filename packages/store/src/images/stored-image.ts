import type { Digest, RepositoryName, Tag, UpstreamName } from '@registry-cache/oci';

/** An image or an artifact as far as it is cached: a tag, or a manifest that no tag names and no index refers to. */
export interface StoredImage {
  readonly upstream: UpstreamName;
  readonly repository: RepositoryName;
  readonly tag: Tag | undefined;
  readonly digest: Digest;
  /** Of its manifest; empty where that was evicted. */
  readonly mediaType: string;
  /** Of all blobs that its stored manifests name, and of these manifests, each once. */
  readonly sizeBytes: number;
  /** How much of that is stored. */
  readonly storedBytes: number;
  /** `linux/amd64`, of those that an index names and that are stored; of a single image, what its config says. */
  readonly platforms: readonly string[];
  readonly missingBlobs: number;
  /**
   * - `complete`: its manifest and all blobs of at least one platform are stored, and no blob of any stored manifest is missing;
   * - `partial`: some of it is stored;
   * - `evicted`: the tag is known, and its manifest is not stored.
   */
  readonly state: 'complete' | 'partial' | 'evicted';
  /** When its manifest was last pulled, or filled where that is later. */
  readonly pulledAtMs: number | undefined;
  /** When the upstream last confirmed the tag. */
  readonly confirmedAtMs: number | undefined;
}

/** One image with all that it consists of. */
export interface StoredImageDetail extends StoredImage {
  readonly manifests: readonly StoredManifest[];
}

/** A manifest, and what it names. */
export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  /** `linux/amd64`; missing where nobody says. */
  readonly platform: string | undefined;
  readonly sizeBytes: number | undefined;
  readonly isStored: boolean;
  /** Whether the upstream has said that this repository holds it. */
  readonly isLinked: boolean;
  readonly pulledAtMs: number | undefined;
  /** Config first, then layers; empty where the manifest is not stored. */
  readonly blobs: readonly ImageBlob[];
}

export interface ImageBlob {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly isStored: boolean;
  /** Whether the upstream has said that this repository holds it. */
  readonly isLinked: boolean;
  readonly pulledAtMs: number | undefined;
  readonly filledAtMs: number | undefined;
}

/** What removing an image has freed. */
export interface RemovalReport {
  readonly tags: number;
  readonly manifests: number;
  readonly blobs: number;
  readonly bytes: number;
  /** Blobs that stay, since other images have them too. */
  readonly sharedBlobs: number;
}

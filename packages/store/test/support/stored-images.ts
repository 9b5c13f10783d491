import { digestOf, OCI_INDEX, OCI_MANIFEST, type Digest } from '@registry-cache/oci';
import type { BlobTimes, StoreFolder } from './store-folder.ts';

const REPOSITORIES = 'docker/registry/v2/repositories';
const IMAGE_CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** What a test says of an image. */
export interface ImageText {
  /** Of its config: `linux/amd64`. */
  readonly platform?: string;
  /** Contents of its layers. */
  readonly layers: readonly string[];
  readonly mediaType?: string;
  readonly configMediaType?: string;
  readonly times?: BlobTimes;
}

export interface WrittenImage {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly config: Digest;
  readonly layers: readonly Digest[];
}

export interface IndexEntry {
  readonly image: Pick<WrittenImage, 'digest' | 'sizeBytes'>;
  /** `linux/amd64`; says none where left out. */
  readonly platform?: string;
}

/** Writes images into a store's folder as a pull through `repository`, such as `quay.io/org/app`, leaves them. */
export interface StoredImages {
  /** With all of its blobs and links. */
  writeImage(repository: string, image: ImageText): Promise<WrittenImage>;
  /** Of images that may or may not be stored, with its link. */
  writeIndex(
    repository: string,
    entries: readonly IndexEntry[],
    times?: BlobTimes,
  ): Promise<Pick<WrittenImage, 'digest' | 'sizeBytes'>>;
  /** Any document as a manifest, with its link. */
  writeManifest(repository: string, document: unknown, times?: BlobTimes): Promise<Digest>;
  tag(repository: string, tag: string, digest: Digest, ageMs?: number): Promise<void>;
  linkLayer(repository: string, digest: Digest): Promise<void>;
  linkRevision(repository: string, digest: Digest): Promise<void>;
}

export function storedImages(store: StoreFolder): StoredImages {
  const layerPath = (repository: string, digest: Digest): string =>
    `${REPOSITORIES}/${repository}/_layers/${digest.replace(':', '/')}/link`;
  const revisionPath = (repository: string, digest: Digest): string =>
    `${REPOSITORIES}/${repository}/_manifests/revisions/${digest.replace(':', '/')}/link`;

  const images: StoredImages = {
    async writeImage(repository, { platform, layers, times, ...mediaTypes }) {
      const { mediaType = OCI_MANIFEST, configMediaType = IMAGE_CONFIG } = mediaTypes;
      const config = JSON.stringify({ ...platformOf(platform), layers });
      const document = {
        schemaVersion: 2,
        mediaType,
        config: descriptorOf(config, configMediaType),
        layers: layers.map((layer) => descriptorOf(layer, LAYER)),
      };
      for (const blob of [config, ...layers]) {
        await images.linkLayer(repository, await store.writeBlob(blob, times));
      }
      const digest = await images.writeManifest(repository, document, times);
      return {
        digest,
        sizeBytes: JSON.stringify(document).length,
        config: digestOf(Buffer.from(config)),
        layers: layers.map((layer) => digestOf(Buffer.from(layer))),
      };
    },

    async writeIndex(repository, entries, times) {
      const document = {
        schemaVersion: 2,
        mediaType: OCI_INDEX,
        manifests: entries.map(({ image, platform }) => ({
          mediaType: OCI_MANIFEST,
          digest: image.digest,
          size: image.sizeBytes,
          ...(platform === undefined ? {} : { platform: platformOf(platform) }),
        })),
      };
      const digest = await images.writeManifest(repository, document, times);
      return { digest, sizeBytes: JSON.stringify(document).length };
    },

    async writeManifest(repository, document, times) {
      const digest = await store.writeBlob(JSON.stringify(document), times);
      await images.linkRevision(repository, digest);
      return digest;
    },

    tag: (repository, tag, digest, ageMs) =>
      store.writeFile(`${REPOSITORIES}/${repository}/_manifests/tags/${tag}/current/link`, digest, ageMs),
    linkLayer: (repository, digest) => store.writeFile(layerPath(repository, digest), digest),
    linkRevision: (repository, digest) => store.writeFile(revisionPath(repository, digest), digest),
  };
  return images;
}

function platformOf(platform: string | undefined): Record<string, string> {
  const [os, architecture, variant] = platform?.split('/') ?? [];
  return {
    ...(os === undefined ? {} : { os }),
    ...(architecture === undefined ? {} : { architecture }),
    ...(variant === undefined ? {} : { variant }),
  };
}

function descriptorOf(text: string, mediaType: string): Record<string, unknown> {
  return { mediaType, digest: digestOf(Buffer.from(text)), size: Buffer.byteLength(text) };
}

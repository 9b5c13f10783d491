import { OCI_INDEX, OCI_MANIFEST } from '@registry-cache/oci';
import { contentOfBytes, contentOfSeed, manifestOf, type Content, type ManifestContent } from './content.ts';

const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar';

export interface ImageOptions {
  /** The same seed gives the same image. */
  readonly seed: string;
  /** Sizes of the layers of each platform, in bytes. */
  readonly layers: readonly number[];
  /** Such as `linux/amd64`. One platform makes a manifest, several make an image index; without any, one unnamed platform. */
  readonly platforms?: readonly string[];
  /** Layers that come before the image's own, such as those of another image. */
  readonly baseLayers?: readonly Content[];
}

export interface Image {
  /** What a tag of this image names: its index where it has several platforms. */
  readonly root: ManifestContent;
  readonly platforms: readonly PlatformImage[];
  readonly manifests: readonly ManifestContent[];
  /** Configs and layers of all platforms. */
  readonly blobs: readonly Content[];
}

interface PlatformImage {
  readonly platform: string;
  readonly manifest: ManifestContent;
  readonly config: Content;
  readonly layers: readonly Content[];
}

/** An image with right digests and layers of pseudo-random bytes, which clients that don't unpack them can pull. */
export function buildImage(options: ImageOptions): Image {
  const platforms = (options.platforms ?? ['linux/amd64']).map((platform) =>
    buildPlatform(platform, options),
  );
  const [first, ...others] = platforms;
  if (first === undefined) throw new Error('an image needs a platform');
  const root = others.length === 0 ? first.manifest : buildIndex(platforms);
  return {
    root,
    platforms,
    manifests: [...new Set([root, ...platforms.map(({ manifest }) => manifest)])],
    blobs: platforms.flatMap(({ config, layers }) => [config, ...layers]),
  };
}

/** An artifact that refers to an image, as signatures and SBOMs do. @see OCI image-spec, "subject" */
export interface Referrer {
  readonly subject: ManifestContent;
  readonly artifactType: string;
  readonly manifest: ManifestContent;
}

export function buildReferrer(subject: ManifestContent, artifactType: string): Referrer {
  const empty = contentOfBytes(Buffer.from('{}'));
  const manifest = manifestOf({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType,
    config: descriptor('application/vnd.oci.empty.v1+json', empty),
    layers: [],
    subject: descriptor(subject.mediaType, subject),
  });
  return { subject, artifactType, manifest };
}

export function descriptor(
  mediaType: string,
  content: Content,
): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest: content.digest, size: content.sizeBytes };
}

function buildPlatform(
  platform: string,
  { seed, layers: sizes, baseLayers = [] }: ImageOptions,
): PlatformImage {
  const own = sizes.map((sizeBytes, index) => contentOfSeed(`${seed} ${platform} ${index}`, sizeBytes));
  const layers = [...baseLayers, ...own];
  const [os, architecture] = platform.split('/');
  const config = contentOfBytes(
    Buffer.from(
      JSON.stringify({
        os,
        architecture,
        author: seed,
        rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      }),
    ),
  );
  const manifest = manifestOf({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptor(OCI_CONFIG, config),
    layers: layers.map((layer) => descriptor(OCI_LAYER, layer)),
  });
  return { platform, manifest, config, layers };
}

function buildIndex(platforms: readonly PlatformImage[]): ManifestContent {
  return manifestOf({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: platforms.map(({ platform, manifest }) => {
      const [os, architecture] = platform.split('/');
      return { ...descriptor(OCI_MANIFEST, manifest), platform: { os, architecture } };
    }),
  });
}

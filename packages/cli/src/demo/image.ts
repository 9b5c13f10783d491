import { digestOf, OCI_INDEX, OCI_MANIFEST, type Digest } from '@registry-cache/oci';
import { contentOf, jsonContent, type Content } from './content.ts';
import { gzipStored } from './gzip-stored.ts';
import { tarArchive, type TarFile } from './tar.ts';

const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const ARCHITECTURES = ['amd64', 'arm64'] as const;
const BASE_BYTES = 8 * 1024 * 1024;
const PLATFORM_BYTES = 4 * 1024 * 1024;

/** A multi-arch image in memory, as a registry would hold it. */
export interface DemoImage {
  readonly repository: string;
  readonly tag: string;
  /** What the tag names. */
  readonly index: Content;
  /** One per platform. */
  readonly manifests: readonly Content[];
  /** Configs and layers; what several platforms share is there once. */
  readonly blobs: readonly Content[];
}

/**
 * An image index of linux/amd64 and linux/arm64, each with a config and two layers, the first of which both share. It has
 * the same digests on every machine. Its layers hold text and no program: it can be pulled, not run.
 */
export function buildDemoImage(): DemoImage {
  const base = layerOf([{ path: 'usr/share/registry-cache/base.txt', bytes: text('base', BASE_BYTES) }]);
  const platforms = ARCHITECTURES.map((architecture) => buildPlatform(architecture, base));
  const index = jsonContent(OCI_INDEX, {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: platforms.map(({ architecture, manifest }) => ({
      ...descriptorOf(manifest),
      platform: { architecture, os: 'linux' },
    })),
  });
  return {
    repository: 'hello',
    tag: 'latest',
    index,
    manifests: platforms.map(({ manifest }) => manifest),
    blobs: [base.content, ...platforms.flatMap(({ config, layer }) => [config, layer.content])],
  };
}

interface Platform {
  readonly architecture: string;
  readonly manifest: Content;
  readonly config: Content;
  readonly layer: Layer;
}

function buildPlatform(architecture: string, base: Layer): Platform {
  const layer = layerOf([
    { path: 'hello.txt', bytes: Buffer.from(`hello from linux/${architecture}\n`) },
    { path: `usr/share/registry-cache/${architecture}.txt`, bytes: text(architecture, PLATFORM_BYTES) },
  ]);
  const config = jsonContent(OCI_CONFIG, {
    created: '2026-01-01T00:00:00Z',
    architecture,
    os: 'linux',
    config: { Labels: { 'org.opencontainers.image.title': 'registry-cache demo' } },
    rootfs: { type: 'layers', diff_ids: [base.diffId, layer.diffId] },
  });
  const manifest = jsonContent(OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptorOf(config),
    layers: [base.content, layer.content].map(descriptorOf),
  });
  return { architecture, manifest, config, layer };
}

interface Layer {
  /** Of the archive before it was compressed. */
  readonly diffId: Digest;
  readonly content: Content;
}

function layerOf(files: readonly TarFile[]): Layer {
  const archive = tarArchive(files);
  return { diffId: digestOf(archive), content: contentOf(OCI_LAYER, gzipStored(archive)) };
}

function descriptorOf({ mediaType, digest, bytes }: Content): object {
  return { mediaType, digest, size: bytes.length };
}

/** Numbered lines of 64 bytes. */
function text(title: string, sizeBytes: number): Buffer {
  const line = (n: number): string => `${`registry-cache demo, ${title}, line ${n}`.padEnd(63)}\n`;
  return Buffer.from(Array.from({ length: sizeBytes / 64 }, (_, n) => line(n)).join(''));
}

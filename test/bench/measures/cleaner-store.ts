import { createHash } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  futimesSync,
  mkdirSync,
  openSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** A store of many blobs, written without the cache's own code. */
export interface LargeStore {
  readonly blobs: number;
  /** Of all blobs together; the files are sparse and take next to no room. */
  readonly sizeBytes: number;
  /** What remains when the tenth of the blobs that was used longest ago was evicted, and nothing else. */
  readonly sizeWithoutOldestTenthBytes: number;
  /** How many tags that tenth has; as many images have lost everything when it is gone. */
  readonly imagesOfOldestTenth: number;
  /** The one that was used last. */
  readonly newestManifest: StoredManifest;
  /** Writes the oldest tenth again, after it was evicted and its links were swept. */
  restoreOldestTenth(): void;
}

export interface StoredManifest {
  /** Below the upstream. */
  readonly repository: string;
  readonly digest: string;
  readonly body: string;
}

/** Fifty blobs: one image that is linked and tagged, and forty blobs that nothing links to any more. */
const IMAGE_LAYERS = 8;
const LOOSE_BLOBS = 40;
const BLOBS_OF_A_PERIOD = IMAGE_LAYERS + 2 + LOOSE_BLOBS;
const LAYER_BYTES = 1_000_000;
const IMAGES_OF_A_REPOSITORY = 10;
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const SECONDS_BETWEEN_ACCESSES = 60;

/**
 * Writes blobs of a size without content, as sparse files, and real manifests, links and tags of a fifth of them. Digests are
 * in no order of access times, as in a real store.
 *
 * @param blobs a multiple of 500
 * @param upstream the folder of the repositories' upstream
 */
export function writeLargeStore(root: string, blobs: number, upstream: string): LargeStore {
  const periods = blobs / BLOBS_OF_A_PERIOD;
  const start = Date.now() / 1000 - (periods + 60) * SECONDS_BETWEEN_ACCESSES;
  const writer = createWriter(join(root, 'docker/registry/v2'), upstream);
  const write = (from: number, to: number): number => {
    let bytes = 0;
    for (let period = from; period < to; period++) {
      bytes += writer.writePeriod(period, start + period * SECONDS_BETWEEN_ACCESSES);
    }
    return bytes;
  };
  const oldestTenthBytes = write(0, periods / 10);
  const otherBytes = write(periods / 10, periods);
  return {
    blobs,
    sizeBytes: oldestTenthBytes + otherBytes,
    sizeWithoutOldestTenthBytes: otherBytes,
    imagesOfOldestTenth: periods / 10,
    newestManifest: manifestOf(periods - 1),
    restoreOldestTenth: () => void write(0, periods / 10),
  };
}

interface Writer {
  /** Returns the bytes of its blobs. */
  writePeriod(period: number, accessedAt: number): number;
}

function createWriter(registry: string, upstream: string): Writer {
  for (let shard = 0; shard < 256; shard++) {
    mkdirSync(join(registry, 'blobs/sha256', shard.toString(16).padStart(2, '0')), { recursive: true });
  }

  const writeBlob = (hex: string, content: number | Buffer, accessedAt: number): number => {
    const folder = join(registry, 'blobs/sha256', hex.slice(0, 2), hex);
    mkdirSync(folder);
    const file = openSync(join(folder, 'data'), 'w');
    if (typeof content === 'number') ftruncateSync(file, content);
    else writeSync(file, content);
    futimesSync(file, accessedAt, accessedAt);
    closeSync(file);
    return typeof content === 'number' ? content : content.length;
  };

  const writeLink = (path: string, hex: string, writtenAt: number): void => {
    const file = join(registry, 'repositories', path, 'link');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `sha256:${hex}`);
    const opened = openSync(file, 'r+');
    futimesSync(opened, writtenAt, writtenAt);
    closeSync(opened);
  };

  const writeImage = (period: number, accessedAt: number): number => {
    const { repository: name, body } = manifestOf(period);
    const repository = `${upstream}/${name}`;
    const members = memberHexes(period);
    const manifest = hexOf(body);
    for (const hex of [...members, manifest])
      writeLink(`${repository}/_layers/sha256/${hex}`, hex, accessedAt);
    writeLink(`${repository}/_manifests/revisions/sha256/${manifest}`, manifest, accessedAt);
    const tag = `v${period % IMAGES_OF_A_REPOSITORY}`;
    writeLink(`${repository}/_manifests/tags/${tag}/current`, manifest, accessedAt);
    const sizes = members.map((hex) => writeBlob(hex, LAYER_BYTES, accessedAt));
    return sum(sizes) + writeBlob(manifest, Buffer.from(body), accessedAt);
  };

  return {
    writePeriod(period, accessedAt) {
      const loose = Array.from({ length: LOOSE_BLOBS }, (_, index) =>
        writeBlob(hexOf(`${period} loose ${index}`), LAYER_BYTES, accessedAt),
      );
      return writeImage(period, accessedAt) + sum(loose);
    },
  };
}

/** Of config and layers. */
function memberHexes(period: number): string[] {
  return Array.from({ length: IMAGE_LAYERS + 1 }, (_, index) => hexOf(`${period} member ${index}`));
}

function manifestOf(period: number): StoredManifest {
  const [config, ...layers] = memberHexes(period);
  const descriptor = (hex: string | undefined, mediaType: string): object => ({
    mediaType,
    digest: `sha256:${hex}`,
    size: LAYER_BYTES,
  });
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: descriptor(config, 'application/vnd.oci.image.config.v1+json'),
    layers: layers.map((hex) => descriptor(hex, 'application/vnd.oci.image.layer.v1.tar+gzip')),
  });
  const repository = `bench/image-${Math.floor(period / IMAGES_OF_A_REPOSITORY)}`;
  return { repository, digest: `sha256:${hexOf(body)}`, body };
}

function hexOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

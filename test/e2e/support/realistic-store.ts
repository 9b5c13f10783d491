import { createHash } from 'node:crypto';
import { mkdir, open, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { contentOfBytes, type ManifestContent } from '../../support/image/content.ts';

// A store as it looks after months: images of well-known names, with the sizes that such images have and nothing in their files.

export interface RealisticImage {
  /** `quay.io/prometheus/prometheus:v2.54.1` */
  readonly name: string;
  readonly layersMiB: readonly number[];
  readonly pulledHoursAgo: number;
  /** How many of its layers were evicted. */
  readonly evicted?: number;
  readonly platforms?: readonly string[];
}

const MIB = 1024 ** 2;
const HOUR_MS = 3_600_000;

/** What its upstream says of an image. */
export interface WrittenImage {
  /** Without the upstream. */
  readonly repository: string;
  readonly tag: string;
  readonly root: ManifestContent;
  readonly layers: readonly string[];
}

/** @param dataFolder of a cache that is not running */
export async function writeImage(dataFolder: string, image: RealisticImage): Promise<WrittenImage> {
  const [, repository = '', tag = ''] = /^(.+):([^:]+)$/.exec(image.name) ?? [];
  const registry = join(dataFolder, 'docker/registry/v2');
  const links = join(registry, 'repositories', repository);
  const pulledAtMs = Date.now() - image.pulledHoursAgo * HOUR_MS;
  const place = { registry, links, pulledAtMs };
  const { platforms = ['linux/amd64'] } = image;
  const written = await Promise.all(platforms.map((platform) => writePlatform(place, image, platform)));

  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const manifests = written.map(({ descriptor }) => descriptor);
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  const root = await writeBlob(registry, { bytes, pulledAtMs });
  await writeLink(join(links, '_manifests/revisions'), root, pulledAtMs);
  const tagLink = join(links, '_manifests/tags', tag, 'current/link');
  await mkdir(dirname(tagLink), { recursive: true });
  await writeFile(tagLink, root);
  await utimes(tagLink, pulledAtMs / 1000, pulledAtMs / 1000);
  return {
    repository: repository.slice(repository.indexOf('/') + 1),
    tag,
    root: { ...contentOfBytes(bytes), mediaType, bytes },
    layers: written.flatMap(({ layers }) => layers),
  };
}

interface Place {
  readonly registry: string;
  /** Of its repository. */
  readonly links: string;
  readonly pulledAtMs: number;
}

async function writePlatform(
  { registry, links, pulledAtMs }: Place,
  { name, layersMiB, evicted = 0 }: RealisticImage,
  platform: string,
): Promise<{ descriptor: object; layers: readonly string[] }> {
  const [os, architecture] = platform.split('/');
  const configBytes = Buffer.from(JSON.stringify({ os, architecture, name }));
  const configDigest = await writeBlob(registry, { bytes: configBytes, pulledAtMs });
  await writeLink(join(links, '_layers'), configDigest, pulledAtMs);
  const layers = layersMiB.map((mib, index) => ({
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: digestOf(Buffer.from(`${name} ${platform} ${index}`)),
    size: Math.round(mib * MIB) + index * 1234,
  }));
  for (const [index, { digest, size }] of layers.entries()) {
    if (index < layers.length - evicted) await writeSparse(registry, digest, size, pulledAtMs);
    await writeLink(join(links, '_layers'), digest, pulledAtMs);
  }
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const config = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: configDigest,
    size: configBytes.length,
  };
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
  const digest = await writeBlob(registry, { bytes, pulledAtMs });
  await writeLink(join(links, '_manifests/revisions'), digest, pulledAtMs);
  return {
    descriptor: { mediaType, digest, size: bytes.length, platform: { os, architecture } },
    layers: layers.map((layer) => layer.digest),
  };
}

interface Blob {
  readonly bytes: Buffer;
  readonly pulledAtMs: number;
}

async function writeBlob(registry: string, { bytes, pulledAtMs }: Blob): Promise<string> {
  const digest = digestOf(bytes);
  const path = await makeFolder(registry, digest);
  await writeFile(path, bytes);
  await utimes(path, pulledAtMs / 1000, (pulledAtMs - 24 * HOUR_MS) / 1000);
  return digest;
}

/** A file of that size that takes no room. */
async function writeSparse(
  registry: string,
  digest: string,
  size: number,
  pulledAtMs: number,
): Promise<void> {
  const path = await makeFolder(registry, digest);
  const file = await open(path, 'w');
  await file.truncate(size);
  await file.close();
  await utimes(path, pulledAtMs / 1000, (pulledAtMs - 24 * HOUR_MS) / 1000);
}

async function makeFolder(registry: string, digest: string): Promise<string> {
  const hex = digest.slice('sha256:'.length);
  const folder = join(registry, 'blobs/sha256', hex.slice(0, 2), hex);
  await mkdir(folder, { recursive: true });
  return join(folder, 'data');
}

async function writeLink(folder: string, digest: string, atMs: number): Promise<void> {
  const path = join(folder, digest.replace(':', '/'), 'link');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, digest);
  await utimes(path, atMs / 1000, atMs / 1000);
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A day in minutes and a year in hours, with work days, nights, and a release now and then. */
export async function writeHistory(dataFolder: string): Promise<void> {
  const folder = join(dataFolder, 'registry-cache/history');
  await mkdir(folder, { recursive: true });
  for (const { name, stepSeconds, steps } of [
    { name: 'minutes', stepSeconds: 60, steps: 25 * 60 },
    { name: 'hours', stepSeconds: 3600, steps: 366 * 24 },
  ]) {
    const last = Math.floor(Date.now() / 1000 / stepSeconds) * stepSeconds - stepSeconds;
    const lines = Array.from({ length: steps }, (_none, index) =>
      historyLine(last - (steps - 1 - index) * stepSeconds, stepSeconds),
    );
    await writeFile(join(folder, `${name}.jsonl`), `${lines.join('\n')}\n`);
  }
}

function historyLine(at: number, stepSeconds: number): string {
  const hourOfDay = (at % 86_400) / 3600;
  const day = Math.floor(at / 86_400);
  const isWeekend = (day + 4) % 7 === 0 || (day + 4) % 7 === 6;
  const work = Math.exp(-(((hourOfDay - 14) / 4.5) ** 2)) * (isWeekend ? 0.25 : 1);
  const wave = 0.75 + 0.25 * Math.sin(at / 2900) + 0.15 * Math.sin(at / 700);
  const growth = 0.5 + 0.5 * Math.min(1, (at % 31_536_000) / 31_536_000 + 0.3);
  const load = (0.06 + work) * wave * growth;
  const release = Math.exp(-(((hourOfDay - 10.3) / 0.5) ** 2)) * (day % 3 === 0 ? 0.34 : 0.12);
  const missRatio = Math.min(0.6, 0.035 + release + 0.02 * Math.sin(at / 5100) ** 2);
  const requests = Math.round(load * 7 * stepSeconds);
  const misses = Math.round(requests * missRatio);
  const clientBytes = Math.round(load * 11 * MIB * stepSeconds * 0.8);
  const upstreamBytes = Math.round(clientBytes * missRatio * 0.8);
  const used = Math.round(38 * 1024 * MIB);
  return JSON.stringify([
    at,
    requests - misses,
    misses,
    clientBytes,
    upstreamBytes,
    clientBytes - upstreamBytes,
    used,
  ]);
}

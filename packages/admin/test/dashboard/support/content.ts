import type { History, Inspection, ListedImage, Status, Traffic } from '@registry-cache/control';
import { parseDigest, parseRepositoryName, parseTag, findUpstreamName } from '@registry-cache/oci';
import { createHash } from 'node:crypto';

export const NOW_MS: number = Date.UTC(2026, 10, 21, 20, 15);
const HOUR_MS = 3_600_000;
const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/** `docker.io/library/alpine:3.20`, complete and pulled an hour ago. */
export function listedImage(name: string, overrides: Partial<ListedImage> = {}): ListedImage {
  const [, upstream = '', repository = '', tag] = /^([^/]+)\/([^:]+)(?::(.+))?$/.exec(name) ?? [];
  const upstreamName = findUpstreamName(upstream);
  if (upstreamName === undefined) throw new Error(`${upstream} is no upstream name`);
  return {
    upstream: upstreamName,
    repository: parseRepositoryName(repository),
    tag: tag === undefined ? undefined : parseTag(tag),
    digest: digestNamed(name),
    mediaType: 'application/vnd.oci.image.index.v1+json',
    sizeBytes: 100 * MIB,
    storedBytes: 100 * MIB,
    platforms: ['linux/amd64'],
    missingBlobs: 0,
    state: 'complete',
    pulledAtMs: NOW_MS - HOUR_MS,
    confirmedAtMs: NOW_MS - HOUR_MS,
    isPinned: false,
    ...overrides,
  };
}

export function digestNamed(text: string): ReturnType<typeof parseDigest> {
  return parseDigest(`sha256:${createHash('sha256').update(text).digest('hex')}`);
}

export const NO_TRAFFIC: Traffic = {
  requests: {},
  hitRatio: undefined,
  clientBytes: 0,
  upstreamBytes: 0,
  savedBytes: 0,
};

export function statusWith(overrides: Partial<Status> = {}): Status {
  return {
    version: '0.1.0',
    address: 'https://*:8443',
    dataDirectory: '/var/lib/registry',
    startedAtMs: NOW_MS - 12 * 24 * HOUR_MS,
    processes: [{ id: 'logger', name: 'logger', state: 'serving', restarts: 0, residentBytes: 40 * MIB }],
    upstreams: [],
    traffic: NO_TRAFFIC,
    disk: {
      usedBytes: 60 * GIB,
      blobs: 1200,
      maxSizeBytes: 100 * GIB,
      thresholdBytes: 80 * GIB,
      pinnedBytes: 10 * GIB,
      freeBytes: 200 * GIB,
      measuredAtMs: NOW_MS,
    },
    fills: [],
    warming: [],
    errors: [],
    ...overrides,
  };
}

/** A day in minutes, with one hit and one miss in each. */
export function historyOfDay(): History {
  const points = Array.from({ length: 1440 }, (_none, minute) => ({
    at: NOW_MS / 1000 - (1440 - minute) * 60,
    hits: 3,
    misses: 1,
    clientBytes: 4 * MIB,
    upstreamBytes: MIB,
    savedBytes: 3 * MIB,
  }));
  return { stepSeconds: 60, points };
}

export function inspectionOf(image: ListedImage, overrides: Partial<Inspection> = {}): Inspection {
  const name = `${image.upstream}/${image.repository}:${image.tag ?? 'latest'}`;
  const { isPinned, ...stored } = image;
  return {
    name,
    isPinned,
    pins: [],
    image: {
      ...stored,
      manifests: [
        {
          digest: image.digest,
          mediaType: image.mediaType,
          platform: 'linux/amd64',
          sizeBytes: 1234,
          isStored: true,
          isLinked: true,
          pulledAtMs: image.pulledAtMs,
          blobs: [
            {
              digest: digestNamed('layer'),
              mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
              sizeBytes: 50 * MIB,
              isStored: true,
              isLinked: true,
              pulledAtMs: image.pulledAtMs,
              filledAtMs: image.pulledAtMs,
            },
          ],
        },
      ],
    },
    fills: [],
    nextPull: 'hit',
    reasons: [],
    ...overrides,
  };
}

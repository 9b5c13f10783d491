import type { Inspection, ListedImage, Status, Traffic } from '@registry-cache/control';
import { findUpstreamName, parseDigest, parseRepositoryName, parseTag } from '@registry-cache/oci';

// Answers of a cache that has been in use for a while.

export const NOW_MS: number = Date.parse('2026-05-04T12:00:00.000Z');
export const MINUTE_MS = 60_000;
export const HOUR_MS: number = 60 * MINUTE_MS;
export const MIB: number = 1024 * 1024;
export const GIB: number = 1024 * MIB;

export const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

export function traffic(changes: Partial<Traffic> = {}): Traffic {
  return {
    requests: { hit: 900, 'miss, stored': 100 },
    hitRatio: 0.9,
    clientBytes: 10 * GIB,
    upstreamBytes: GIB,
    savedBytes: 9 * GIB,
    ...changes,
  };
}

export const NO_TRAFFIC: Traffic = {
  requests: {},
  hitRatio: undefined,
  clientBytes: 0,
  upstreamBytes: 0,
  savedBytes: 0,
};

export function status(changes: Partial<Status> = {}): Status {
  return {
    version: '0.1.0',
    address: 'https://*:8443',
    dataDirectory: '/var/lib/registry',
    startedAtMs: NOW_MS - 3 * 24 * HOUR_MS,
    processes: [
      {
        id: 'proxy 1',
        name: 'proxy',
        state: 'serving',
        pid: 12,
        startedAtMs: NOW_MS - 3 * 24 * HOUR_MS,
        restarts: 0,
        residentBytes: 55 * MIB,
      },
      { id: 'worker quay.io', name: 'worker', upstream: 'quay.io', state: 'asleep', restarts: 0 },
    ],
    upstreams: [
      { name: 'docker.io', url: 'https://registry-1.docker.io', state: 'up', traffic: traffic() },
      { name: 'quay.io', url: 'https://quay.io', state: 'idle', traffic: NO_TRAFFIC },
    ],
    traffic: traffic(),
    disk: {
      usedBytes: 7.5 * GIB,
      blobs: 1204,
      maxSizeBytes: 10 * GIB,
      thresholdBytes: 12 * GIB,
      pinnedBytes: 0,
      freeBytes: 800 * GIB,
      measuredAtMs: NOW_MS - 12 * MINUTE_MS,
    },
    fills: [],
    warming: [],
    errors: [],
    ...changes,
  };
}

export function image(name: string, changes: Partial<ListedImage> = {}): ListedImage {
  const [, upstreamText = '', repository = '', tag = ''] = /^([^/]+)\/(.+?)(?::([^:/]+))?$/.exec(name) ?? [];
  const upstream = findUpstreamName(upstreamText);
  if (upstream === undefined) throw new TypeError(`no upstream in ${name}`);
  return {
    upstream,
    repository: parseRepositoryName(repository),
    tag: tag === '' ? undefined : parseTag(tag),
    digest: parseDigest(DIGEST),
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    sizeBytes: 12 * MIB,
    storedBytes: 12 * MIB,
    platforms: ['linux/amd64'],
    missingBlobs: 0,
    state: 'complete',
    pulledAtMs: NOW_MS - 2 * HOUR_MS,
    confirmedAtMs: NOW_MS - 3 * MINUTE_MS,
    isPinned: false,
    ...changes,
  };
}

export function inspection(changes: Partial<Inspection> = {}): Inspection {
  const { isPinned, ...stored } = image('quay.io/org/app:1.0');
  const digest = parseDigest(DIGEST);
  return {
    name: 'quay.io/org/app:1.0',
    isPinned,
    pins: [],
    image: {
      ...stored,
      manifests: [
        {
          digest,
          mediaType: stored.mediaType,
          platform: 'linux/amd64',
          sizeBytes: 500,
          isStored: true,
          isLinked: true,
          pulledAtMs: NOW_MS - 2 * HOUR_MS,
          blobs: [
            {
              digest,
              mediaType: 'application/vnd.oci.image.config.v1+json',
              sizeBytes: 1500,
              isStored: true,
              isLinked: true,
              pulledAtMs: NOW_MS - 2 * HOUR_MS,
              filledAtMs: NOW_MS - 3 * HOUR_MS,
            },
            {
              digest,
              mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
              sizeBytes: 12 * MIB,
              isStored: true,
              isLinked: true,
              pulledAtMs: NOW_MS - 2 * HOUR_MS,
              filledAtMs: NOW_MS - 3 * HOUR_MS,
            },
          ],
        },
      ],
    },
    fills: [],
    nextPull: 'hit',
    reasons: [],
    ...changes,
  };
}

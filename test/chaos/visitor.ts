import { getBlob, getRange, getRanges, headBlob, leaveBlob, type BlobAt } from './blob-requests.ts';
import { intrude } from './intrude.ts';
import { getTag, headTag } from './manifest-requests.ts';
import { pull } from './pull.ts';
import type { Scene, Site, SiteRepository } from './scene.ts';
import type { Visitor } from './who-visits.ts';

type Visit = (visitor: Visitor, site: Site, repository: SiteRepository) => Promise<void>;

/** How often, compared with the others, and what. */
const VISITS: readonly (readonly [weight: number, visit: Visit])[] = [
  [8, pull],
  [2, async (visitor, site, repository) => void (await getTag(visitor, site, repository))],
  [2, headTag],
  [3, withBlob(headBlob)],
  [3, withBlob(someRange)],
  [1, withBlob(getRanges)],
  [2, withBlob((visitor, at) => leaveBlob(visitor, at, 0))],
  [1, withBlob(lazily)],
  [1, withBlob(asHerd)],
  [4, intrude],
];

/** Visits the cache until the signal, one thing after another. */
export async function visitWithoutPause(visitor: Visitor, scene: Scene, signal: AbortSignal): Promise<void> {
  const choices = VISITS.flatMap(([weight, visit]) => Array.from({ length: weight }, () => visit));
  while (!signal.aborted) {
    const site = visitor.random.pick(scene.sites);
    const repository = visitor.random.pick(site.repositories);
    await visitor.random.pick(choices)(visitor, site, repository);
  }
}

function withBlob(visit: (visitor: Visitor, at: BlobAt) => Promise<void>): Visit {
  return async (visitor, site, repository) => {
    const blob = visitor.random.pick(repository.current.blobs);
    await visit(visitor, { site, repository, blob });
  };
}

async function someRange(visitor: Visitor, at: BlobAt): Promise<void> {
  const start = visitor.random.integer(0, at.blob.sizeBytes - 1);
  const end = Math.min(at.blob.sizeBytes, start + visitor.random.integer(1, 500_000));
  await getRange(visitor, at, start, end);
}

/** As stargz and containerd's parallel downloads do: many ranges at once, each left after its first chunk. */
async function lazily(visitor: Visitor, at: BlobAt): Promise<void> {
  const starts = Array.from({ length: 8 }, () => visitor.random.integer(0, at.blob.sizeBytes - 1));
  await Promise.all(starts.map((start) => leaveBlob(visitor, at, start)));
}

async function asHerd(visitor: Visitor, at: BlobAt): Promise<void> {
  await Promise.all(Array.from({ length: 5 }, () => getBlob(visitor, at)));
}

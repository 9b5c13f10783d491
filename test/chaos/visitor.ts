import type { RegistryClient } from '../support/client/registry-client.ts';
import { getBlob, getRange, getRanges, headBlob, leaveBlob, type BlobAt } from './blob-requests.ts';
import { exchange } from './exchange.ts';
import type { Ledger } from './ledger.ts';
import { getByDigest, getTag, headTag, type Manifest } from './manifest-requests.ts';
import type { OnDisk } from './on-disk.ts';
import type { Random } from './random.ts';
import type { Scene, Site, SiteRepository } from './scene.ts';

/** A client that pulls without pause. */
export interface Visitor {
  readonly client: RegistryClient;
  /** The same cache, without a login. */
  readonly stranger: RegistryClient;
  readonly ledger: Ledger;
  readonly onDisk: OnDisk;
  readonly random: Random;
}

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
  [1, strange],
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

/** As container engines do: the tag, what it refers to, then all blobs at once. */
export async function pull(visitor: Visitor, site: Site, repository: SiteRepository): Promise<void> {
  const root = await getTag(visitor, site, repository);
  if (root === undefined) return;
  const children = await Promise.all(
    root.manifests.map((digest) => getByDigest(visitor, site, repository, digest)),
  );
  const manifests = [root, ...children].filter((manifest): manifest is Manifest => manifest !== undefined);
  const digests = new Set(manifests.flatMap(({ blobs }) => blobs));
  const blobs = [...digests].flatMap((digest) => site.blobs.get(digest) ?? []);
  await Promise.all(blobs.map((blob) => getBlob(visitor, { site, repository, blob })));
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

async function strange(visitor: Visitor, site: Site, repository: SiteRepository): Promise<void> {
  const path = `/v2/${site.name}/${repository.name}/manifests/${repository.current.root.digest}`;
  const question = {
    request: `GET without-login ${path}`,
    method: 'GET',
    path,
    upstream: undefined,
  } as const;
  const answer = await exchange(visitor.stranger, visitor.ledger, question, [401, 200]);
  if (answer?.received.status === 401) visitor.ledger.passed(question.request, 'refused');
  else if (answer !== undefined) visitor.ledger.wrong(question.request, 'answered without a login');
}

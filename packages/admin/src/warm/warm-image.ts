import { setTimeout as sleep } from 'node:timers/promises';
import { parseManifest, type Digest, type Reference } from '@registry-cache/oci';
import type { Store } from '@registry-cache/store';
import { forEachAtOnce } from './at-once.ts';
import { wantedManifests, type Platform } from './platform.ts';
import type { PulledManifest, RepositoryPulls } from './repository-pulls.ts';
import type { SharedBlobs } from './shared-blobs.ts';
import { WarmProblem } from './warm-problem.ts';

export interface WarmImageOptions {
  readonly pulls: RepositoryPulls;
  readonly reference: Reference;
  /** All of an index where undefined. */
  readonly platforms: readonly Platform[] | undefined;
  readonly blobs: SharedBlobs;
  readonly store: Pick<Store, 'findBlob' | 'touchBlob'>;
  readonly now: () => number;
  readonly onProgress: (progress: WarmProgress) => void;
  readonly signal: AbortSignal;
}

export interface WarmProgress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

export interface WarmedImage {
  readonly digest: Digest;
  readonly bytesTotal: number;
  /** Of blobs and manifests that were not stored. */
  readonly bytesFetched: number;
}

const BLOBS_AT_ONCE = 4;

/**
 * Has all of an image stored:
 *
 * 1. its manifest, and of an index those of the wanted platforms;
 * 2. each of their blobs once;
 * 3. that all is on disk is looked at in the end: a full disk stops no pull;
 * 4. all of it is touched at the same time, so that it ages as one, and is not the oldest when it is needed.
 *
 * @throws {WarmProblem}; the signal's reason
 */
export async function warmImage(options: WarmImageOptions): Promise<WarmedImage> {
  const { reference, store, now, onProgress, signal } = options;
  const found = await readManifests(options);
  const sizes = new Map(found.blobs);
  const manifestBytes = sumOf(found.manifests.map(({ bytes }) => bytes.byteLength));
  let bytesDone = manifestBytes;
  let bytesFetched = sumOf(found.manifests.filter(isNew).map(({ bytes }) => bytes.byteLength));
  const bytesTotal = (): number => manifestBytes + sumOf([...sizes.values()]);
  const report = (): void => onProgress({ bytesDone, bytesTotal: bytesTotal() });
  report();

  await forEachAtOnce(
    found.blobs.keys(),
    BLOBS_AT_ONCE,
    async (digest, either) => {
      const onBytes = (bytes: number): void => {
        bytesDone += bytes;
        report();
      };
      const { sizeBytes, isFetched } = await options.blobs.pull(options.pulls, digest, onBytes, either);
      sizes.set(digest, sizeBytes);
      if (isFetched) bytesFetched += sizeBytes;
      report();
    },
    signal,
  );

  const digests = [...found.manifests.map(({ digest }) => digest), ...found.blobs.keys()];
  await untilStored(digests, store, signal);
  const accessedAtMs = now();
  for (const digest of digests) await store.touchBlob(digest, accessedAtMs);
  const [root] = found.manifests;
  if (root === undefined) throw new Error('an image has a manifest');
  if (reference.kind === 'tag' && root.outcome === 'stale') {
    throw new WarmProblem('the upstream does not say what the tag is now: an earlier pull of it is there');
  }
  return { digest: root.digest, bytesTotal: bytesTotal(), bytesFetched };
}

interface FoundImage {
  /** The one that the reference names first. */
  readonly manifests: readonly PulledManifest[];
  /** With their sizes as far as the manifests say; 0 where they do not. */
  readonly blobs: ReadonlyMap<Digest, number>;
}

async function readManifests({ pulls, reference, platforms, signal }: WarmImageOptions): Promise<FoundImage> {
  const manifests = new Map<Digest, PulledManifest>();
  const blobs = new Map<Digest, number>();
  const references: Reference[] = [reference];
  for (const each of references) {
    if (each.kind === 'digest' && manifests.has(each.digest)) continue;
    const manifest = await pulls.manifest(each, signal);
    manifests.set(manifest.digest, manifest);
    const parsed = parseManifest(manifest.bytes);
    for (const digest of parsed.blobs) blobs.set(digest, parsed.sizes.get(digest) ?? 0);
    if (parsed.manifests.length === 0) continue;
    // An array that grows while it is gone through is gone through to its end.
    for (const digest of wantedManifests(manifest.bytes, platforms))
      references.push({ kind: 'digest', digest });
  }
  return { manifests: [...manifests.values()], blobs };
}

function isNew({ outcome }: PulledManifest): boolean {
  return outcome === 'miss';
}

function sumOf(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0);
}

// The last byte is sent before the file has its place.
const PLACED_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 50;

/** @throws {WarmProblem} */
async function untilStored(
  digests: readonly Digest[],
  store: Pick<Store, 'findBlob'>,
  signal: AbortSignal,
): Promise<void> {
  const until = performance.now() + PLACED_WITHIN_MS;
  let missing = digests;
  for (;;) {
    const looked = await Promise.all(
      missing.map(async (digest) => ({ digest, isStored: (await store.findBlob(digest)) !== undefined })),
    );
    missing = looked.filter(({ isStored }) => !isStored).map(({ digest }) => digest);
    if (missing.length === 0) return;
    if (performance.now() > until) {
      throw new WarmProblem(
        `${missing.length} of ${digests.length} blobs did not stay: the disk is full, or cleaner.maxsize is too small`,
      );
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

import type { AdminUpstream } from '@registry-cache/config';
import type { WarmEvent } from '@registry-cache/control';
import { cleanText } from '@registry-cache/oci';
import type { Store } from '@registry-cache/store';
import { formatImageName, type ImageName } from '@registry-cache/store/images';
import { atMostEvery } from './at-most-every.ts';
import { forEachAtOnce } from './at-once.ts';
import type { Bandwidth } from './bandwidth.ts';
import { mayHoldConnection } from './connection-share.ts';
import { findMatchingTags } from './matching-tags.ts';
import type { Platform } from './platform.ts';
import { createRepositoryPulls, type RepositoryPulls } from './repository-pulls.ts';
import { createSharedBlobs } from './shared-blobs.ts';
import { warmImage, type WarmProgress } from './warm-image.ts';
import { WarmProblem } from './warm-problem.ts';
import type { Turns } from './turns.ts';
import { formatWarmTarget, type WarmTarget } from './warm-target.ts';
import type { WorkerLink } from './worker-link.ts';

export interface WarmJob {
  readonly targets: readonly WarmTarget[];
  /** All of an index where undefined. */
  readonly platforms: readonly Platform[] | undefined;
  /** How many images at a time; `turns` may be shared with other jobs. */
  readonly concurrency: number;
  readonly turns: Turns;
  readonly bandwidth: Bandwidth;
}

/** What all jobs have in common. */
export interface WarmGround {
  readonly upstreams: () => readonly AdminUpstream[];
  readonly link: WorkerLink;
  /** Of the blobs of one upstream, whatever they are for. */
  readonly blobTurns: (upstream: AdminUpstream) => Turns;
  readonly store: Pick<Store, 'findBlob' | 'touchBlob'>;
  readonly now: () => number;
}

const PROGRESS_EVERY_MS = 250;

/**
 * Warms each image once, by however many names and patterns it is meant. One that fails does not stop the others: that is an event.
 * Resolves when all have ended; rejects with the signal's reason.
 */
export async function runWarmJob(
  job: WarmJob,
  ground: WarmGround,
  emit: (event: WarmEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const blobs = createSharedBlobs();
  const pullsOf = (image: Omit<ImageName, 'reference'>): RepositoryPulls =>
    openRepository(image, job, ground);

  /** Emits what fails on the way to images. */
  async function* images(): AsyncGenerator<ImageName> {
    const seen = new Set<string>();
    for (const target of job.targets) {
      const found: ImageName[] = [];
      await failing(formatWarmTarget(target), async () => {
        found.push(...(await imagesOf(target, pullsOf, signal)));
      });
      for (const image of found.filter((each) => !seen.has(formatImageName(each)))) {
        seen.add(formatImageName(image));
        yield image;
      }
    }
  }

  async function failing(image: string, task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      signal.throwIfAborted();
      emit({ type: 'failed', image, problem: describe(error) });
    }
  }

  const warm = async (name: ImageName): Promise<void> => {
    signal.throwIfAborted();
    const image = formatImageName(name);
    await failing(image, async () => {
      emit({ type: 'started', image });
      const startedAt = performance.now();
      const pulls = pullsOf(name);
      const progress = atMostEvery(PROGRESS_EVERY_MS, (latest: WarmProgress) =>
        emit({ type: 'progress', image, ...latest }),
      );
      const { reference } = name;
      const { platforms } = job;
      const { store, now } = ground;
      const onProgress = progress.tell;
      const task = warmImage({ pulls, reference, platforms, blobs, store, now, onProgress, signal });
      const warmed = await task.finally(progress.close);
      emit({ type: 'done', image, ...warmed, durationMs: Math.round(performance.now() - startedAt) });
    });
  };
  await forEachAtOnce(images(), job.concurrency, (name) => job.turns.run(() => warm(name), signal), signal);
}

/** @throws {WarmProblem} */
async function imagesOf(
  target: WarmTarget,
  pullsOf: (repository: Omit<ImageName, 'reference'>) => RepositoryPulls,
  signal: AbortSignal,
): Promise<readonly ImageName[]> {
  if (target.kind === 'image') return [target.name];
  const { repository, pattern } = target;
  const tags = findMatchingTags(await pullsOf(repository).tags(signal), pattern);
  if (tags.length === 0) {
    throw new WarmProblem(`no tag of ${repository.upstream}/${repository.repository} matches ${pattern}`);
  }
  return tags.map((tag) => ({ ...repository, reference: { kind: 'tag', tag } }));
}

/** @throws {WarmProblem} */
function openRepository(
  { upstream, repository }: Omit<ImageName, 'reference'>,
  { bandwidth }: WarmJob,
  { upstreams, link, blobTurns }: WarmGround,
): RepositoryPulls {
  const known = upstreams().find(({ name }) => name === upstream);
  if (known === undefined) {
    throw new WarmProblem(`${upstream} is no upstream of this cache: add it to pull secret or configuration`);
  }
  if (known.authorization === 'origin') {
    throw new WarmProblem(
      `${upstream} says itself who may pull, and is asked with each client's own credential: this cache has none to warm it with`,
    );
  }
  return createRepositoryPulls({
    link,
    socketPath: known.socketPath,
    name: repository,
    bandwidth,
    mayHoldConnection: mayHoldConnection(known),
    blobTurns: blobTurns(known),
  });
}

/** An error that is not ours may quote what an upstream has sent. */
function describe(error: unknown): string {
  if (error instanceof WarmProblem) return error.message;
  return cleanText(error instanceof Error ? error.message : String(error));
}

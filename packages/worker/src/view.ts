import {
  RegistryError,
  type CacheOutcome,
  type RegistryRequest,
  type UpstreamName,
} from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import type { Repository, Store } from '@registry-cache/store';
import type { Answer } from './answer/answer.ts';
import { createBlobs } from './blobs.ts';
import type { DamagedBlobs } from './damaged-blobs.ts';
import type { BlobWindows } from './fill/blob-windows.ts';
import type { Fills } from './fill/fills.ts';
import type { Hit, HotAnswers } from './hot-answers.ts';
import { createLists } from './lists.ts';
import type { ManifestMemory, VerifiedManifest } from './manifest-memory.ts';
import { createManifests } from './manifests.ts';
import type { PullRequest } from './pull-request.ts';
import { createTags, freshForMs } from './tags.ts';
import type { UpstreamRegistry } from './upstream/upstream-registry.ts';

/**
 * The upstream's repositories as one asker may see them, filled from there as they are asked for. What it learns from the
 * upstream, and the questions that it waits for, are the asker's own.
 */
export interface View {
  answer(request: PullRequest): Promise<Answer>;
}

/** What all views of one upstream have in common. */
export interface CommonGround {
  readonly upstreamName: UpstreamName;
  readonly store: Store;
  readonly fills: Fills;
  readonly windows: BlobWindows;
  readonly damaged: DamagedBlobs;
  readonly manifestMemory: ManifestMemory;
  readonly hotAnswers: HotAnswers;
  readonly tagTtlMs: () => number;
  readonly log: Logger;
  readonly now: () => number;
  /** Milliseconds of a clock that does not go back. */
  readonly steadyNow: () => number;
  /** Told that something begins which nobody may be waiting for, and by the function that it returns of its end. */
  readonly onWork: () => () => void;
  /** Ends with the process, not with a client. */
  readonly signal: AbortSignal;
}

export interface ViewOptions extends CommonGround {
  /**
   * Whether what is known is served as stale where the upstream denies it, as where it cannot answer: its word is about the
   * cache's own credential, not about the asker.
   */
  readonly isDenialStale: boolean;
}

/** @param upstream answers in the asker's name */
export function createView(upstream: UpstreamRegistry, common: ViewOptions): View {
  const { upstreamName, hotAnswers, tagTtlMs, now, steadyNow } = common;
  const blobs = createBlobs({ ...common, upstream });
  const manifests = createManifests({ ...common, upstream });
  const tags = createTags({ ...common, upstream, manifests });
  const lists = createLists({ ...common, upstream });

  async function findManifest(
    repository: Repository,
    { reference }: Extract<RegistryRequest, { kind: 'manifest' }>,
  ): Promise<Found> {
    if (reference.kind === 'digest') {
      const { manifest, outcome } = await manifests.getByDigest(repository, reference.digest);
      return lasting(documentOf(manifest, outcome));
    }
    const { manifest, outcome, confirmedAtMs } = await tags.resolve(repository, reference.tag);
    return {
      answer: () => documentOf(manifest, outcome, Math.max(0, Math.round((now() - confirmedAtMs) / 1000))),
      freshForMs: () => freshForMs(confirmedAtMs, now(), tagTtlMs()),
    };
  }

  async function find({ method, target, query, accel, paced }: PullRequest): Promise<Found> {
    if (target.kind === 'base') throw new RegistryError('UNSUPPORTED', 'the proxy answers /v2/ itself');
    const repository: Repository = { upstream: upstreamName, name: target.name };
    switch (target.kind) {
      case 'manifest':
        return findManifest(repository, target);
      case 'blob':
        return lasting(
          method === 'HEAD'
            ? await blobs.head(repository, target.digest, accel)
            : await blobs.get(repository, target.digest, { accel, paced }),
        );
      case 'tags':
        return lasting(await lists.tags(repository, query));
      case 'referrers':
        return lasting(await lists.referrers(repository, target.digest, query));
    }
  }

  return {
    async answer(request) {
      const { target, accel, suspect } = request;
      // The proxy could not use the answer that it had.
      if (suspect || !accel) hotAnswers.drop(target);
      const known = hotAnswers.find(target);
      if (known !== undefined) return known;
      const lookedAtMs = steadyNow();
      const found = await find(request);
      if (isHit(found)) return hotAnswers.keep(target, found, lookedAtMs);
      const answer = found.answer();
      return answer.outcome === 'hit' ? answer : { ...answer, upstreamMs: steadyNow() - lookedAtMs };
    },
  };
}

interface Found extends Pick<Hit, 'freshForMs'> {
  readonly answer: () => Answer;
}

/** Whether it was on disk, and is the same for whoever asks next: bytes that this process sends itself are not. */
function isHit(found: Found): found is Hit {
  const { kind, outcome } = found.answer();
  return outcome === 'hit' && (kind === 'document' || kind === 'stored-blob');
}

function lasting(answer: Answer): Found {
  return { answer: () => answer, freshForMs: () => Infinity };
}

function documentOf(
  { digest, mediaType, bytes }: VerifiedManifest,
  outcome: CacheOutcome,
  ageSeconds?: number,
): Answer {
  const headers = {
    'content-type': mediaType,
    'docker-content-digest': digest,
    etag: `"${digest}"`,
    ...(ageSeconds === undefined ? {} : { age: String(ageSeconds) }),
  };
  return { kind: 'document', bytes, outcome, headers };
}

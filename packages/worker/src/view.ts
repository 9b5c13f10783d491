import type { RegistryRequest, UpstreamName } from '@registry-cache/oci';
import { RegistryError } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import type { Repository, Store } from '@registry-cache/store';
import type { Answer } from './answer/answer.ts';
import { createBlobs } from './blobs.ts';
import type { DamagedBlobs } from './damaged-blobs.ts';
import type { BlobWindows } from './fill/blob-windows.ts';
import type { Fills } from './fill/fills.ts';
import { createLists } from './lists.ts';
import type { ManifestMemory, VerifiedManifest } from './manifest-memory.ts';
import { createManifests } from './manifests.ts';
import type { PullRequest } from './pull-request.ts';
import { createTags } from './tags.ts';
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
  readonly tagTtlMs: () => number;
  readonly log: Logger;
  readonly now: () => number;
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
  const { upstreamName, now } = common;
  const blobs = createBlobs({ ...common, upstream });
  const manifests = createManifests({ ...common, upstream });
  const tags = createTags({ ...common, upstream, manifests });
  const lists = createLists({ ...common, upstream });

  async function answerManifest(
    repository: Repository,
    { reference }: Extract<RegistryRequest, { kind: 'manifest' }>,
  ): Promise<Answer> {
    if (reference.kind === 'digest') {
      const { manifest, outcome } = await manifests.getByDigest(repository, reference.digest);
      return { kind: 'document', bytes: manifest.bytes, outcome, headers: manifestHeaders(manifest) };
    }
    const { manifest, outcome, confirmedAtMs } = await tags.resolve(repository, reference.tag);
    const age = Math.max(0, Math.round((now() - confirmedAtMs) / 1000));
    return {
      kind: 'document',
      bytes: manifest.bytes,
      outcome,
      headers: { ...manifestHeaders(manifest), age: String(age) },
    };
  }

  return {
    async answer({ method, target, query, accel }) {
      if (target.kind === 'base') throw new RegistryError('UNSUPPORTED', 'the proxy answers /v2/ itself');
      const repository: Repository = { upstream: upstreamName, name: target.name };
      switch (target.kind) {
        case 'manifest':
          return answerManifest(repository, target);
        case 'blob':
          return method === 'HEAD'
            ? blobs.head(repository, target.digest, accel)
            : blobs.get(repository, target.digest, accel);
        case 'tags':
          return lists.tags(repository, query);
        case 'referrers':
          return lists.referrers(repository, target.digest, query);
      }
    },
  };
}

function manifestHeaders({ digest, mediaType }: VerifiedManifest): Record<string, string> {
  return { 'content-type': mediaType, 'docker-content-digest': digest, etag: `"${digest}"` };
}

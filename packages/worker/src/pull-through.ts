import type { FillSettings } from '@registry-cache/config';
import { RegistryError, type RegistryRequest, type UpstreamName } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import type { Repository, Store } from '@registry-cache/store';
import type { Answer } from './answer/answer.ts';
import { createBlobs } from './blobs.ts';
import { createDamagedBlobs } from './damaged-blobs.ts';
import { createFills } from './fill/fills.ts';
import { createLists } from './lists.ts';
import { createManifests, type VerifiedManifest } from './manifests.ts';
import type { StorageError } from './storage-error.ts';
import { createTags } from './tags.ts';
import type { TransferPatience } from './fill/transfer-blob.ts';
import { createTolerantStore } from './tolerant-store.ts';
import type { UpstreamRegistry } from './upstream/upstream-registry.ts';

/** A read-only registry of what one upstream holds, filled from there as it is asked for. */
export interface PullThrough {
  answer(request: PullRequest): Promise<Answer>;
  /** Aborts fills and whatever is being asked of the upstream. */
  close(): Promise<void>;
}

export interface PullRequest {
  readonly method: 'GET' | 'HEAD';
  readonly target: RegistryRequest;
  /** Without its question mark. */
  readonly query: string;
  /** Whether the proxy can send a file of the store itself. */
  readonly accel: boolean;
  /** Whether the proxy could not read the stored blob: it wants no answer, but that the blob is verified. */
  readonly suspect: boolean;
}

export interface PullThroughOptions {
  readonly upstreamName: UpstreamName;
  readonly store: Store;
  readonly upstream: UpstreamRegistry;
  readonly tagTtlMs: () => number;
  readonly fillSettings: () => FillSettings;
  readonly fillPatience?: TransferPatience;
  /** Told when the disk does not take what should be stored. */
  readonly onStorageError: (error: StorageError) => void;
  readonly log: Logger;
  readonly now: () => number;
}

export function createPullThrough(options: PullThroughOptions): PullThrough {
  const { upstreamName, upstream, tagTtlMs, fillSettings, fillPatience, onStorageError, log, now } = options;
  const shutdown = new AbortController();
  const { signal } = shutdown;
  const store = createTolerantStore(options.store, onStorageError);
  const damaged = createDamagedBlobs({ store, log });
  const fills = createFills({
    store,
    upstream,
    settings: fillSettings,
    onStorageError,
    log,
    ...(fillPatience === undefined ? {} : { patience: fillPatience }),
  });
  const blobs = createBlobs({ store, upstream, fills, damaged, signal });
  const manifests = createManifests({ store, upstream, damaged, signal });
  const tags = createTags({ store, upstream, manifests, tagTtlMs, log, now, signal });
  const lists = createLists({ store, upstream, log, signal });

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
    async answer({ method, target, query, accel, suspect }) {
      if (target.kind === 'base') throw new RegistryError('UNSUPPORTED', 'the proxy answers /v2/ itself');
      const repository: Repository = { upstream: upstreamName, name: target.name };
      switch (target.kind) {
        case 'manifest':
          return answerManifest(repository, target);
        case 'blob':
          if (suspect) await damaged.removeIfDamaged(target.digest);
          return method === 'HEAD'
            ? blobs.head(repository, target.digest, accel)
            : blobs.get(repository, target.digest, accel);
        case 'tags':
          return lists.tags(repository, query);
        case 'referrers':
          return lists.referrers(repository, target.digest, query);
      }
    },

    async close() {
      shutdown.abort();
      await fills.close();
    },
  };
}

function manifestHeaders({ digest, mediaType }: VerifiedManifest): Record<string, string> {
  return { 'content-type': mediaType, 'docker-content-digest': digest, etag: `"${digest}"` };
}

import type { FillSettings, UpstreamSettings } from '@registry-cache/config';
import type { UpstreamName } from '@registry-cache/oci';
import type { Logger, Tally, Tracing } from '@registry-cache/runtime';
import type { Store } from '@registry-cache/store';
import type { Answer } from './answer/answer.ts';
import { createDamagedBlobs } from './damaged-blobs.ts';
import { createBlobWindows } from './fill/blob-windows.ts';
import { createFills, type FillStatus } from './fill/fills.ts';
import type { EndedFill } from './fill/report-end.ts';
import type { TransferPatience } from './fill/transfer-blob.ts';
import { createFillCounts } from './fill-counts.ts';
import { createHotAnswers } from './hot-answers.ts';
import { createManifestMemory } from './manifest-memory.ts';
import { createOriginAuthorization, type OriginAuthorization } from './origin/origin-authorization.ts';
import type { PullRequest } from './pull-request.ts';
import type { StorageError } from './storage-error.ts';
import { createTolerantStore } from './tolerant-store.ts';
import type { UpdatableUpstreamRegistry } from './upstream/create-upstream-registry.ts';
import { createView } from './view.ts';

/** A read-only registry of what one upstream holds, filled from there as it is asked for. */
export interface PullThrough {
  answer(request: PullRequest): Promise<Answer>;
  /** Forgets what clients were allowed and denied: the upstream is asked in another way from now on. */
  forgetClients(): void;
  /** Looks at the disk for what it is asked next: it was changed by hand. */
  forget(): void;
  runningFills(): readonly FillStatus[];
  /** Milliseconds since the epoch; undefined where it has stored nothing yet. */
  lastStoredAtMs(): number | undefined;
  /** Aborts fills and whatever is being asked of the upstream. */
  close(): Promise<void>;
}

export interface PullThroughOptions {
  readonly upstreamName: UpstreamName;
  readonly store: Store;
  readonly upstream: UpdatableUpstreamRegistry;
  readonly authorization: () => UpstreamSettings['authorization'];
  /** How long the upstream's word that a client may pull from a repository counts; 0 asks every time. */
  readonly authorizationTtlMs: () => number;
  /** How this cache names itself in `Via`. */
  readonly pseudonym: string;
  readonly tagTtlMs: () => number;
  readonly fillSettings: () => FillSettings;
  readonly fillPatience?: TransferPatience;
  /** Told when the disk does not take what should be stored. */
  readonly onStorageError: (error: StorageError) => void;
  readonly onFillFailed?: (fill: FailedFill) => void;
  readonly tally: Tally;
  /** Undefined where nobody wants traces. */
  readonly tracing?: Tracing | undefined;
  /** Told of what goes on without anybody waiting for it, and by the function that it returns of its end. */
  readonly onWork?: () => () => void;
  readonly log: Logger;
  readonly now: () => number;
  /** Milliseconds of a clock that does not go back. */
  readonly steadyNow: () => number;
}

export type FailedFill = Pick<EndedFill, 'repository' | 'digest' | 'bytes'> & { readonly reason: string };

export function createPullThrough(options: PullThroughOptions): PullThrough {
  const { upstream, fillSettings, fillPatience, onStorageError, log } = options;
  const { onWork = () => () => {}, onFillFailed, now } = options;
  const shutdown = new AbortController();
  const counts = createFillCounts(options.upstreamName, options.tally, now);
  const store = createTolerantStore(counts.around(options.store), onStorageError);
  const damaged = createDamagedBlobs({ store, log });
  const fills = createFills({
    store,
    settings: fillSettings,
    onStorageError,
    log,
    onWork,
    onFillEnd: (fill) => {
      counts.ended(fill);
      const { repository, digest, bytes, reason } = fill;
      if (reason !== undefined) onFillFailed?.({ repository, digest, bytes, reason });
    },
    now,
    tracing: options.tracing,
    ...(fillPatience === undefined ? {} : { patience: fillPatience }),
  });
  const windows = createBlobWindows();
  const manifestMemory = createManifestMemory();
  const hotAnswers = createHotAnswers({ now: options.steadyNow });
  const common = {
    ...options,
    onWork,
    store,
    fills,
    windows,
    damaged,
    manifestMemory,
    hotAnswers,
    signal: shutdown.signal,
  };
  const ownView = createView(upstream, { ...common, isDenialStale: true });
  // What it remembers of clients takes memory, and most upstreams never need it.
  let byOrigin: OriginAuthorization | undefined;

  return {
    async answer(request) {
      const { target, suspect } = request;
      // Before anyone is asked who it is: the bytes on the disk are the same for all.
      if (suspect && target.kind === 'blob') await damaged.removeIfDamaged(target.digest);
      if (options.authorization() !== 'origin') return ownView.answer(request);
      byOrigin ??= createOriginAuthorization(common);
      return byOrigin.answer(request);
    },

    forgetClients: () => byOrigin?.forget(),

    forget() {
      hotAnswers.forget();
      manifestMemory.clear();
    },

    runningFills: () => fills.list(),
    lastStoredAtMs: () => counts.lastStoredAtMs(),

    async close() {
      shutdown.abort();
      await fills.close();
    },
  };
}

import type { FillSettings } from '@registry-cache/config';
import type { WorkerDetail } from '@registry-cache/control';
import type { Digest } from '@registry-cache/oci';
import type { Logger, Tracing } from '@registry-cache/runtime';
import { createVerifier, type FillFile, type Repository, type Store } from '@registry-cache/store';
import { abortableReadable } from './abortable-readable.ts';
import { createBlobSource } from './blob-source.ts';
import { DesertedError } from './deserted-error.ts';
import { createAhead } from './file-ahead.ts';
import { startFill, type Fill } from './fill.ts';
import type { FetchRest } from './fill-reader.ts';
import { openTransfer } from './open-transfer.ts';
import { createPace } from './pace.ts';
import { reportEnd, type EndedFill } from './report-end.ts';
import { StorageError, storing } from '../storage-error.ts';
import { traceFill } from './trace-fill.ts';
import { transferBlob, type TransferPatience } from './transfer-blob.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import type { UpstreamRegistry } from '../upstream/upstream-registry.ts';

/** The running fills of one upstream: at most one per blob, whoever asks. */
export interface Fills {
  /** The fill of this blob that runs now, and on whose word it was begun. */
  find(digest: Digest): RunningFill | undefined;

  /**
   * Begins to fetch a blob from the upstream, which answers in the name of whoever asks. Resolves with its headers, and everyone
   * else who asks meanwhile finds this fill.
   *
   * @throws {RegistryError} `BLOB_UNKNOWN` when the upstream's repository does not hold the blob
   * @throws {UpstreamError}
   */
  start(blob: RepositoryBlob): Promise<Fill>;

  /** What is on its way into the store. */
  list(): readonly FillStatus[];

  /** Aborts what still runs; what was fetched of it is taken up by the next fill. */
  close(): Promise<void>;
}

export type FillStatus = WorkerDetail['fills'][number];

/** A blob as one asker may have it. */
export interface RepositoryBlob {
  readonly upstream: UpstreamRegistry;
  readonly repository: Repository;
  readonly digest: Digest;
}

export interface RunningFill extends RepositoryBlob {
  /** Rejects when the upstream did not begin to send. */
  readonly started: Promise<Fill>;
  /** Links the blob to one more repository, whose access was proved, once it is stored. */
  linkAlso(repository: Repository): void;
  /** One more waits for it: for traces. */
  joined(): void;
}

export interface FillsOptions {
  readonly store: Store;
  readonly settings: () => FillSettings;
  /** Told when the disk does not take a blob, so that pulls go on without storing. */
  readonly onStorageError: (error: StorageError) => void;
  readonly log: Logger;
  /** Told of each fill, and by the function that it returns of its end. */
  readonly onWork: () => () => void;
  readonly onFillEnd: (fill: EndedFill) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly tracing?: Tracing | undefined;
  readonly patience?: TransferPatience;
}

interface Beginning extends RepositoryBlob {
  readonly linked: ReadonlySet<Repository>;
  /** From now on nobody finds this fill. */
  readonly forget: () => void;
  /** Aborts it. */
  readonly transfer: AbortController;
}

export function createFills(options: FillsOptions): Fills {
  const { store, settings, onWork, onFillEnd, now, tracing } = options;
  const running = new Map<Digest, RunningFill>();
  const transfers = new Set<AbortController>();
  const filling = new Map<Fill, () => FillStatus>();

  async function begin(beginning: Beginning): Promise<Fill> {
    const { upstream, repository, digest, linked, forget, transfer } = beginning;
    const { signal } = transfer;
    const source = createBlobSource({ upstream, repository, digest, signal });
    // While the upstream is asked: it has an answer nearly always.
    const newFile = createAhead(() => createFile(repository, digest, options));
    const adopt = async (): Promise<FillFile | undefined> => {
      const left = await store.adoptFill(repository.upstream, digest);
      if (left === undefined) newFile.begin();
      return left;
    };
    const { maxSizeBytes } = settings();
    const { first, leftover } = await openTransfer({ source, adopt, maxSizeBytes }).catch(
      async (error: unknown) => {
        await newFile.discard();
        throw error;
      },
    );
    const file = leftover ?? (await newFile.get());
    if (file === undefined) {
      first.body.destroy();
      forget();
      onFillEnd({ repository, digest, end: 'unstored', bytes: 0, durationMs: 0 });
      return unstoredFill(digest, first.sizeBytes, source.fetchRest(first.sizeBytes));
    }

    const log = options.log.child({ digest, repository: repository.name });
    const patience = options.patience === undefined ? {} : { patience: options.patience };
    const { sizeBytes } = first;
    const pace = createPace();
    const fill = startFill({
      digest,
      sizeBytes,
      file,
      transfer: (onBytes) =>
        transferBlob({
          file,
          first,
          resume: source.get,
          maxSizeBytes,
          onBytes,
          pace,
          signal,
          log,
          ...patience,
        }),
      fetchRest: source.fetchRest(sizeBytes),
      pace,
      onPublished: async () => {
        for (const each of linked) await store.linkLayer(each, digest);
      },
      onDeserted: () => {
        if (!isBelow(file.sizeBytes, sizeBytes, settings())) return;
        // Whoever comes now begins anew rather than join what is ending.
        forget();
        transfer.abort(new DesertedError());
      },
      onEnd: forget,
    });
    const startedAtMs = now();
    filling.set(fill, () => statusOf(fill, repository, startedAtMs));
    void fill.finished.finally(() => filling.delete(fill)).catch(() => {});
    reportEnd(fill, { ...options, upstream, repository, log, signal, resumedFrom: file.sizeBytes });
    return fill;
  }

  return {
    find: (digest) => running.get(digest),

    start(blob) {
      const { repository, digest } = blob;
      const linked = new Set([repository]);
      const transfer = new AbortController();
      transfers.add(transfer);
      const onEnd = onWork();
      const forget = (): void => {
        transfers.delete(transfer);
        onEnd();
        // A fill that was given up ends later than its successor begins, and must not take that one's place from it.
        if (running.get(digest) === fill) running.delete(digest);
      };
      const beginNow = (): Promise<Fill> => begin({ ...blob, linked, forget, transfer });
      const { started, joined } =
        tracing === undefined
          ? { started: beginNow(), joined: () => {} }
          : traceFill(tracing, blob, beginNow);
      const fill: RunningFill = { ...blob, started, joined, linkAlso: (other) => void linked.add(other) };
      running.set(digest, fill);
      started.catch((err: unknown) => {
        forget();
        // One that is repeated from memory was told when it happened.
        if (transfer.signal.aborted || !(err instanceof UpstreamError) || err.remembered) return;
        onFillEnd({ repository, digest, end: 'failed', bytes: 0, durationMs: 0, reason: err.message });
      });
      return started;
    },

    list: () => [...filling.values()].map((status) => status()),

    async close() {
      const fills = [...running.values()];
      for (const transfer of transfers) transfer.abort();
      // What fails here was aborted, and is logged where it began.
      await Promise.allSettled(fills.map(async ({ started }) => (await started).finished));
    },
  };
}

function statusOf(fill: Fill, { name }: Repository, startedAtMs: number): FillStatus {
  const { digest, sizeBytes, receivedBytes, readers } = fill;
  return { repository: name, digest, receivedBytes, sizeBytes, startedAtMs, readers };
}

/** Undefined when the disk has no room even for a file. */
async function createFile(
  { upstream }: Repository,
  digest: Digest,
  { store, onStorageError }: FillsOptions,
): Promise<FillFile | undefined> {
  try {
    return await storing('create a file for the blob', () => store.createFill(upstream, digest));
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    onStorageError(error);
    return undefined;
  }
}

/** For a disk that takes nothing at all: each reader has a transfer of its own. */
function unstoredFill(digest: Digest, sizeBytes: number | undefined, fetchRest: FetchRest): Fill {
  return {
    digest,
    sizeBytes,
    // Each reader begins where it wants: nothing is ahead of this fill.
    receivedBytes: Infinity,
    readers: 0,
    read(range) {
      const isWhole = range.start === 0 && (range.end === undefined || range.end === sizeBytes);
      const verifier = isWhole ? createVerifier(digest) : undefined;
      return abortableReadable((signal) => fetchRest(range, verifier, signal));
    },
    finished: Promise.resolve(),
  };
}

function isBelow(
  receivedBytes: number,
  sizeBytes: number | undefined,
  { abandonBelowPercent }: FillSettings,
): boolean {
  if (sizeBytes === undefined) return abandonBelowPercent > 0;
  return receivedBytes < (sizeBytes * abandonBelowPercent) / 100;
}

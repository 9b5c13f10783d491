import type { FillSettings } from '@registry-cache/config';
import type { Digest } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import {
  createVerifier,
  DigestMismatchError,
  type FillFile,
  type Repository,
  type Store,
} from '@registry-cache/store';
import { abortableReadable } from './abortable-readable.ts';
import { createBlobSource } from './blob-source.ts';
import { startFill, type Fill } from './fill.ts';
import type { FetchRest } from './fill-reader.ts';
import { openTransfer } from './open-transfer.ts';
import { StorageError, storing } from '../storage-error.ts';
import { transferBlob, type TransferPatience } from './transfer-blob.ts';
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

  /** Aborts what still runs; what was fetched of it is taken up by the next fill. */
  close(): Promise<void>;
}

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
}

export interface FillsOptions {
  readonly store: Store;
  readonly settings: () => FillSettings;
  /** Told when the disk does not take a blob, so that pulls go on without storing. */
  readonly onStorageError: (error: StorageError) => void;
  readonly log: Logger;
  /** Told of each fill, and by the function that it returns of its end. */
  readonly onWork: () => () => void;
  readonly patience?: TransferPatience;
}

interface Beginning extends RepositoryBlob {
  readonly linked: ReadonlySet<Repository>;
  /** From now on nobody finds this fill. */
  readonly forget: () => void;
  /** Aborts it. */
  readonly transfer: AbortController;
}

/** Why a fill was aborted while nothing was wrong with it. */
class DesertedError extends Error {
  override readonly name = 'DesertedError';
}

export function createFills(options: FillsOptions): Fills {
  const { store, settings, onWork } = options;
  const running = new Map<Digest, RunningFill>();
  const transfers = new Set<AbortController>();

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
      return unstoredFill(digest, first.sizeBytes, source.fetchRest(first.sizeBytes));
    }

    const log = options.log.child({ digest, repository: repository.name });
    const patience = options.patience === undefined ? {} : { patience: options.patience };
    const { sizeBytes } = first;
    const fill = startFill({
      digest,
      sizeBytes,
      file,
      transfer: (onBytes) =>
        transferBlob({ file, first, resume: source.get, maxSizeBytes, onBytes, signal, log, ...patience }),
      fetchRest: source.fetchRest(sizeBytes),
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
    reportEnd(fill, { ...options, upstream, log, signal, resumedFrom: file.sizeBytes });
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
      const started = begin({ ...blob, linked, forget, transfer });
      const fill: RunningFill = { ...blob, started, linkAlso: (other) => void linked.add(other) };
      running.set(digest, fill);
      started.catch(forget);
      return started;
    },

    async close() {
      const fills = [...running.values()];
      for (const transfer of transfers) transfer.abort();
      // What fails here was aborted, and is logged where it began.
      await Promise.allSettled(fills.map(async ({ started }) => (await started).finished));
    },
  };
}

/** A file that may not be needed. */
interface FileAhead {
  begin(): void;
  get(): Promise<FillFile | undefined>;
  discard(): Promise<void>;
}

function createAhead(create: () => Promise<FillFile | undefined>): FileAhead {
  let created: Promise<FillFile | undefined> | undefined;
  return {
    begin: () => {
      created ??= create();
      // What goes wrong counts where the file is needed.
      created.catch(() => {});
    },
    get: () => created ?? create(),
    discard: async () => {
      const file = await created?.catch(() => undefined);
      // It is empty, and the cleaner finds it where it stays: why it is not needed says more than what is wrong with it.
      await file?.close().catch(() => {});
      await file?.discard().catch(() => {});
    },
  };
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

interface ReportOptions {
  readonly upstream: UpstreamRegistry;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly resumedFrom: number;
  readonly onStorageError: (error: StorageError) => void;
}

function reportEnd(fill: Fill, options: ReportOptions): void {
  const { upstream, log, signal, resumedFrom, onStorageError } = options;
  const startedAt = performance.now();
  fill.finished.then(
    () => {
      const durationMs = Math.round(performance.now() - startedAt);
      log.info(
        { bytes: fill.receivedBytes, ...(resumedFrom > 0 ? { resumedFrom } : {}), durationMs },
        'blob filled',
      );
    },
    (err: unknown) => {
      const { receivedBytes: bytes } = fill;
      if (err instanceof DigestMismatchError) upstream.rejectBlob?.(fill.digest);
      if (err instanceof StorageError) onStorageError(err);
      else if (signal.reason instanceof DesertedError)
        log.info({ bytes }, 'fill given up, no client waits for it');
      else if (!signal.aborted) log.warn({ err, bytes }, 'fill failed');
    },
  );
}

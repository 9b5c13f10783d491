import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { parseRegistryPath, type UpstreamName } from '@registry-cache/oci';
import type { FillSettings } from '@registry-cache/config';
import { createLog, createTally, type Logger, type Tally } from '@registry-cache/runtime';
import { createFileStore, type Store } from '@registry-cache/store';
import type { Answer } from '../../src/answer/answer.ts';
import type { ClientRequest } from '../../src/pull-request.ts';
import type { StorageError } from '../../src/storage-error.ts';
import { createPullThrough, type FailedFill, type PullThrough } from '../../src/pull-through.ts';
import type { TransferPatience } from '../../src/fill/transfer-blob.ts';
import { createScriptedUpstream, type ScriptedUpstream } from './scripted-upstream.ts';

/** A worker's inside over a real store in a temporary folder, with a clock that a test sets. */
export interface WorkerFixture {
  readonly root: string;
  readonly store: Store;
  readonly upstream: ScriptedUpstream;
  readonly pullThrough: PullThrough;
  readonly clock: { nowMs: number };
  /** What a test changes while the worker runs. */
  readonly settings: { authorizationTtlMs: number };
  readonly storageErrors: readonly StorageError[];
  readonly failedFills: readonly FailedFill[];
  readonly tally: Tally;
  ask(
    method: 'GET' | 'HEAD',
    path: string,
    options?: {
      accel?: boolean;
      suspect?: boolean;
      paced?: boolean;
      query?: string;
      client?: Partial<ClientRequest>;
    },
  ): Promise<Answer>;
  close(): Promise<void>;
}

export const UPSTREAM_NAME = 'quay.io' as UpstreamName;

const NOBODY: ClientRequest = {
  authorization: undefined,
  via: undefined,
  user: undefined,
  address: undefined,
};

const NO_FILL_LIMITS: FillSettings = { abandonBelowPercent: 0, maxSizeBytes: Number.MAX_SAFE_INTEGER };

const SHORT_PATIENCE: TransferPatience = { firstDelayMs: 1, maxDelayMs: 5, giveUpAfterMs: 10_000 };

export const quietLog = createLog({ level: 'error', fields: {}, destination: { write: () => {} } });

export interface WorkerFixtureOptions {
  readonly tagTtlMs?: number;
  readonly authorization?: 'cache' | 'origin';
  readonly log?: Logger;
  readonly fills?: FillSettings;
  readonly patience?: TransferPatience;
  /** What the worker has in place of the store. */
  readonly storeOf?: (store: Store) => Store;
}

export async function createWorkerFixture(options: WorkerFixtureOptions = {}): Promise<WorkerFixture> {
  const { tagTtlMs = 60_000, fills = NO_FILL_LIMITS, patience = SHORT_PATIENCE, storeOf } = options;
  const storageErrors: StorageError[] = [];
  const failedFills: FailedFill[] = [];
  const tally = createTally();
  const root = await mkdtemp(join(tmpdir(), 'registry-cache-worker-'));
  const store = createFileStore({ rootDirectory: root });
  const upstream = createScriptedUpstream();
  const clock = { nowMs: Date.now() };
  const settings = { authorizationTtlMs: 60_000 };
  const pullThrough = createPullThrough({
    upstreamName: UPSTREAM_NAME,
    store: storeOf?.(store) ?? store,
    upstream,
    authorization: () => options.authorization ?? 'cache',
    authorizationTtlMs: () => settings.authorizationTtlMs,
    pseudonym: 'registry-cache-1',
    tagTtlMs: () => tagTtlMs,
    fillSettings: () => fills,
    fillPatience: patience,
    onStorageError: (error) => storageErrors.push(error),
    onFillFailed: (fill) => failedFills.push(fill),
    tally,
    log: options.log ?? quietLog,
    now: () => clock.nowMs,
    steadyNow: () => clock.nowMs,
  });
  return {
    root,
    store,
    upstream,
    pullThrough,
    clock,
    settings,
    storageErrors,
    failedFills,
    tally,
    ask: (method, path, { accel = true, suspect = false, paced = false, query = '', client = {} } = {}) =>
      pullThrough.answer({
        method,
        target: parseRegistryPath(path),
        query,
        accel,
        suspect,
        paced,
        client: { ...NOBODY, ...client },
      }),
    async close() {
      await pullThrough.close();
      await rm(root, { recursive: true });
    },
  };
}

/** The bytes of an answer, as a client would have them. */
export async function bytesOf(answer: Answer): Promise<Buffer> {
  switch (answer.kind) {
    case 'document':
      return Buffer.from(answer.bytes);
    case 'blob-stream':
      return Buffer.concat(await answer.read({ start: 0 }).toArray());
    default:
      throw new Error(`an answer of kind ${answer.kind} has no bytes of its own`);
  }
}

/** Begins to read a stream, and says how many bytes have come so far. */
export function receivedFrom(stream: Readable): () => number {
  let bytes = 0;
  stream.on('data', (chunk: Uint8Array) => (bytes += chunk.byteLength));
  return () => bytes;
}

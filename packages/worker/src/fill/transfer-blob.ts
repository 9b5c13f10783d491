import { addAbortSignal } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@registry-cache/runtime';
import type { FillFile } from '@registry-cache/store';
import { storing } from '../storage-error.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import { inBatches } from './batches.ts';
import type { Pace } from './pace.ts';
import type { BlobRange, UpstreamBlob } from '../upstream/upstream-registry.ts';

export interface TransferOptions {
  /** Where the bytes go; it may hold the first of them already. */
  readonly file: FillFile;
  /** The answer whose headers are there. */
  readonly first: UpstreamBlob;
  /** Asks for the rest, at the registry itself: a signed URL may have expired. Undefined when the blob is gone. */
  readonly resume: (range: BlobRange) => Promise<UpstreamBlob | undefined>;
  /** What is larger is refused. */
  readonly maxSizeBytes: number;
  /** Called whenever there are more bytes in the file, with those. */
  readonly onBytes: (chunks: readonly Uint8Array[]) => void;
  /** Says when more may come. What is on its way waits in the connection. */
  readonly pace: Pick<Pace, 'allowed'>;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly patience?: TransferPatience;
}

export interface TransferPatience {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** How long an upstream may bring nothing new. */
  readonly giveUpAfterMs: number;
}

// Clients of a blob wait without a bound of their own as long as the connection is open; the longest of them for 5 minutes.
const PATIENCE: TransferPatience = { firstDelayMs: 200, maxDelayMs: 10_000, giveUpAfterMs: 120_000 };

// What is stored at once while as much again is received.
const MAX_BATCH_BYTES = 512 * 1024;

/**
 * Brings a whole blob into its file, however often the upstream breaks off:
 *
 * 1. append what comes;
 * 2. when it ends early, ask for the rest by Range, with the ETag of the first answer as If-Range;
 * 3. an upstream that begins anew has what is there already passed over, so no byte is ever taken back from a reader;
 * 4. pause longer and longer while nothing new comes, and give up in the end.
 *
 * The bytes are not verified here: an upstream that continues with another body is found out by the digest of the whole.
 *
 * @throws {UpstreamError} when the upstream is to blame; @throws {StorageError} when our disk is
 */
export async function transferBlob(options: TransferOptions): Promise<void> {
  const { file, first, signal, log, patience = PATIENCE } = options;
  let answer: UpstreamBlob | undefined = first;
  let newestAt = performance.now();
  let failures = 0;
  for (;;) {
    const { sizeBytes } = file;
    try {
      answer ??= await resumeFrom(sizeBytes, options);
      return await append(answer, options);
    } catch (err) {
      answer = undefined;
      if (signal.aborted || !mayPass(err)) throw err;
      if (file.sizeBytes > sizeBytes) {
        newestAt = performance.now();
        failures = 0;
      }
      const delayMs = Math.max(pauseMs(failures, patience), (err.retryAfterSeconds ?? 0) * 1000);
      if (performance.now() + delayMs - newestAt > patience.giveUpAfterMs) throw err;
      log.info(
        { reason: err.message, bytes: file.sizeBytes, resumesInMs: delayMs },
        'blob broke off, fill resumes',
      );
      await sleep(delayMs, undefined, { signal });
      failures++;
    }
  }
}

async function resumeFrom(start: number, { first, resume }: TransferOptions): Promise<UpstreamBlob> {
  const range = { start, ...(first.etag === undefined ? {} : { etag: first.etag }) };
  const answer = await resume(range).catch((error: unknown) => {
    throw isPastTheEnd(error) ? sizeChanged(first.sizeBytes, `no more than ${start}`, error) : error;
  });
  if (answer === undefined) {
    throw new UpstreamError('invalid', 'the upstream removed the blob while it was being fetched');
  }
  if (
    first.sizeBytes !== undefined &&
    answer.sizeBytes !== undefined &&
    answer.sizeBytes !== first.sizeBytes
  ) {
    answer.body.destroy();
    throw sizeChanged(first.sizeBytes, `${answer.sizeBytes}`);
  }
  return answer;
}

/** The registry knows no bytes behind those that were fetched. */
export function isPastTheEnd(error: unknown): boolean {
  return error instanceof UpstreamError && error.status === 416;
}

function sizeChanged(before: number | undefined, now: string, cause?: unknown): UpstreamError {
  const message = `the blob had ${before ?? 'more'} bytes before its transfer broke off, and has ${now} now`;
  return new UpstreamError('invalid', message, { cause });
}

async function append({ body, start, sizeBytes }: UpstreamBlob, options: TransferOptions): Promise<void> {
  const { file, maxSizeBytes, onBytes, pace, signal } = options;
  const promised = sizeBytes ?? options.first.sizeBytes ?? Infinity;
  let position = start;
  // Not a pipeline: that rejects while the last chunk is still being written, and the rest would be asked for from the wrong byte.
  for await (const batch of inBatches(addAbortSignal(signal, body), MAX_BATCH_BYTES)) {
    const fresh = withoutFirst(file.sizeBytes - position, batch);
    position += bytesIn(batch);
    if (fresh.length === 0) continue;
    const nextBytes = file.sizeBytes + bytesIn(fresh);
    // Not only at the end: readers have promised their clients so many bytes, and hold back the last one of them.
    if (nextBytes > promised) throw otherLength(promised, `at least ${nextBytes}`);
    if (nextBytes > maxSizeBytes) throw tooLarge(maxSizeBytes);
    await storing('store the blob', () => file.append(...fresh));
    onBytes(fresh);
    if (file.sizeBytes < promised) await pace.allowed(file.sizeBytes, signal);
  }
  if (promised === Infinity) return;
  if (file.sizeBytes < promised) throw endedEarly(file.sizeBytes, promised);
  if (file.sizeBytes > promised) throw otherLength(promised, String(file.sizeBytes));
}

/** What of a batch is not in the file yet. */
function withoutFirst(bytes: number, chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  if (bytes <= 0) return chunks;
  let left = bytes;
  return chunks.flatMap((chunk) => {
    const rest = chunk.subarray(left);
    left = Math.max(0, left - chunk.byteLength);
    return rest.byteLength === 0 ? [] : rest;
  });
}

function bytesIn(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

export function endedEarly(receivedBytes: number, promisedBytes: number): UpstreamError {
  return new UpstreamError(
    'unreachable',
    `the upstream ended its answer after ${receivedBytes} of ${promisedBytes} bytes`,
  );
}

function otherLength(promisedBytes: number, sent: string): UpstreamError {
  return new UpstreamError(
    'invalid',
    `the upstream says that the blob has ${promisedBytes} bytes and sent ${sent}`,
  );
}

/** What another attempt may mend: everything but an upstream that has said no, or makes no sense. */
function mayPass(error: unknown): error is UpstreamError {
  if (!(error instanceof UpstreamError)) return false;
  return error.code !== 'denied' && error.code !== 'invalid';
}

export function tooLarge(maxSizeBytes: number): UpstreamError {
  return new UpstreamError('invalid', `the blob is larger than fills.maxsize, ${maxSizeBytes} bytes`);
}

function pauseMs(failures: number, { firstDelayMs, maxDelayMs }: TransferPatience): number {
  const longest = Math.min(firstDelayMs * 2 ** failures, maxDelayMs);
  // Fills that broke off together do not come back together.
  return longest * (0.5 + Math.random() / 2);
}

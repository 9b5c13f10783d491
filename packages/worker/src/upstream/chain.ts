import type { Digest, RepositoryName } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import { destroyOnAbort } from './answer-body.ts';
import { createChainMemory, type Place } from './chain-memory.ts';
import { createChainTurns, type Turn } from './chain-turns.ts';
import { isPlaceFailure } from './chain-pause.ts';
import { withDeadline } from './deadline.ts';
import { LOOP_DETECTED, UpstreamError } from './upstream-error.ts';
import type { BlobGetOptions, UpstreamBlob, UpstreamRegistry } from './upstream-registry.ts';

/**
 * Several caches in front of one origin, any of which may have a blob:
 *
 * 1. the caches are asked for a blob in turn, those that are passed over left out, until one sends it;
 * 2. the origin is asked last, and its answer, or its error, is the one that counts;
 * 3. everything else, and so every proof of access, is the origin's alone.
 *
 * What a cache sends is believed by nobody: the caller verifies it by its digest, and tells by `rejectBlob`.
 */
export interface Chain {
  /**
   * `origin` and `caches` speak with one client's credential; which cache is next, and which are passed over, is shared by all
   * clients. Closing it closes the origin; the caches are their owner's.
   */
  around(origin: UpstreamRegistry, caches: readonly UpstreamRegistry[]): UpstreamRegistry;
}

export interface ChainOptions {
  /** Their URLs, in the order in which `around` is given them. */
  readonly caches: readonly string[];
  readonly log: Logger;
  /** Milliseconds of a clock that is never set back. */
  readonly now: () => number;
  /** How long one cache is waited for until it begins to answer. */
  readonly headTimeoutMs?: number;
}

interface Question {
  readonly name: RepositoryName;
  readonly digest: Digest;
  readonly options: BlobGetOptions;
}

const HEAD_TIMEOUT_MS = 10_000;

export function createChain(options: ChainOptions): Chain {
  const { log, now, headTimeoutMs = HEAD_TIMEOUT_MS } = options;
  const turns = createChainTurns(options);
  const memory = createChainMemory({ now });

  /** Undefined where another place is to be asked. */
  async function askCache(turn: Turn, question: Question): Promise<UpstreamBlob | undefined> {
    const { cache, place, registry, attempt } = turn;
    const { name, digest } = question;
    const { signal } = question.options;
    const error = (): UpstreamError => tooSlow(cache, headTimeoutMs);
    try {
      const blob = await withDeadline({ signal, timeoutMs: headTimeoutMs, error }, (bounded) =>
        registry.blobGet(name, digest, { ...optionsFor(place, question), signal: bounded }),
      );
      attempt.answered();
      if (blob === undefined) log.debug({ askedCache: cache, digest }, 'cache does not have the blob');
      return blob;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof UpstreamError)) throw error;
      if (error.status === LOOP_DETECTED) attempt.looped(error.message);
      else if (isPlaceFailure(error)) attempt.failed(error);
      else attempt.answered();
      log.debug({ askedCache: cache, digest, reason: error.message }, 'cache did not send the blob');
      return undefined;
    } finally {
      attempt.end();
    }
  }

  /** An If-Range with the validator of another place would have the blob sent from its beginning. */
  function optionsFor(place: Place, { digest, options }: Question): BlobGetOptions {
    if (options.range?.etag === undefined) return options;
    const { etag, ...range } = options.range;
    return memory.hasSent(place, digest, etag) ? options : { ...options, range };
  }

  /** Learns from the body how well the place is that sends it. */
  function follow(blob: UpstreamBlob, turn: Turn | undefined, { digest, options }: Question): void {
    const { signal } = options;
    const place = turn?.place ?? 'origin';
    memory.sends(place, digest, blob.etag);
    blob.body.once('end', () => turn?.attempt.completed());
    blob.body.once('error', (error) => {
      // What a reader destroys it with, or its abort, says nothing about the place.
      if (signal.aborted || !(error instanceof UpstreamError)) return;
      memory.brokeOff(place, digest);
      turn?.attempt.failed(error);
    });
    // The deadline, which the cache listened to, has let go of the caller's signal by now.
    if (turn !== undefined) destroyOnAbort(blob.body, signal);
  }

  async function blobGet(
    origin: UpstreamRegistry,
    caches: readonly UpstreamRegistry[],
    question: Question,
  ): Promise<UpstreamBlob | undefined> {
    const { name, digest, options } = question;
    const left = new Map(caches.entries());
    const brokenOff = options.range === undefined ? undefined : memory.findBrokenOff(digest);
    if (brokenOff !== undefined && brokenOff !== 'origin') left.delete(brokenOff);
    for (let turn = turns.take(left); turn !== undefined; turn = turns.take(left)) {
      const blob = await askCache(turn, question);
      if (blob === undefined) continue;
      follow(blob, turn, question);
      return blob;
    }
    options.signal.throwIfAborted();
    const blob = await origin.blobGet(name, digest, optionsFor('origin', question));
    if (blob !== undefined) follow(blob, undefined, question);
    return blob;
  }

  return {
    around: (origin, caches) => ({
      ...origin,
      blobGet: (name, digest, request) => blobGet(origin, caches, { name, digest, options: request }),
      rejectBlob(digest) {
        const places = memory.forgetSenders(digest).filter((place) => place !== 'origin');
        if (places.length === 0) log.debug({ digest }, 'no cache of the chain sent the blob that is wrong');
        for (const place of places) turns.reject(place, digest);
      },
    }),
  };
}

function tooSlow(cache: string, timeoutMs: number): UpstreamError {
  return new UpstreamError('timeout', `${cache} did not begin to answer within ${timeoutMs / 1000} s`);
}

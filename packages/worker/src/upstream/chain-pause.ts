import type { Digest } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import type { UpstreamError } from './upstream-error.ts';

/**
 * Keeps one cache of a chain that is down from costing every blob a timeout:
 *
 * 1. one failure, and it is passed over: there are others to ask, unlike where there is one upstream only;
 * 2. after a pause one attempt is let through, and the others still pass it over;
 * 3. when that one fails too, the next pause is longer; any answer at all, 404 and 401 among them, ends it.
 *
 * Pauses begin anew at their shortest only after a whole body: what breaks off each time has answered, too.
 */
export interface ChainPause {
  /** Undefined while the cache is passed over. */
  begin(): Attempt | undefined;
  /** Passes it over since it sent bytes that are not the blob's. */
  reject(digest: Digest): void;
}

/** One request and its body. What it learns counts only as long as nothing has changed since it began. */
export interface Attempt {
  answered(): void;
  /** Instead of an answer, or later in its body. */
  failed(error: UpstreamError): void;
  /** The request came back to where it had been: it was answered, and this place is of no use to it. */
  looped(reason: string): void;
  /** The body came to its end. */
  completed(): void;
  /** Nothing more is to be learnt from whether it answers: another attempt may be made. */
  end(): void;
}

export interface ChainPauseOptions {
  readonly cache: string;
  readonly log: Logger;
  readonly now: () => number;
}

/** A new object each time that it changes, by which an attempt knows what it belongs to. */
type State = { readonly kind: 'well' } | Paused;

interface Paused {
  readonly kind: 'paused';
  readonly sinceMs: number;
  readonly askAgainAtMs: number;
  /** Whether its beginning was, so that its end is told too. */
  readonly logged: boolean;
  probing: boolean;
}

const FIRST_PAUSE_MS = 2000;
const MAX_PAUSE_MS = 60_000;
// A limit may be lifted early: a cache that says "tomorrow" is asked before that.
const MAX_RETRY_AFTER_MS = 5 * 60_000;
const REJECTED_FOR_MS = 10 * 60_000;

/** Whether an error says something about a cache, rather than about one blob, one request or one client. */
export function isPlaceFailure({ code, status = 500 }: UpstreamError): boolean {
  return code === 'failed' ? status >= 500 : code !== 'denied';
}

export function createChainPause({ cache, log, now }: ChainPauseOptions): ChainPause {
  let state: State = { kind: 'well' };
  let nextPauseMs = FIRST_PAUSE_MS;
  let loopLogged = false;

  function pauseFor(pauseMs: number, { sinceMs, logged }: Pick<Paused, 'sinceMs' | 'logged'>): void {
    state = { kind: 'paused', sinceMs, askAgainAtMs: now() + pauseMs, logged, probing: false };
  }

  function failed(before: State, error: UpstreamError): void {
    const toldMs = askedPauseMs(error);
    const pauseMs = toldMs ?? nextPauseMs;
    if (toldMs === undefined) nextPauseMs = Math.min(nextPauseMs * 2, MAX_PAUSE_MS);
    const isKnown = before.kind === 'paused' && before.logged;
    const logged = logFailure(error, isKnown, pauseMs) || isKnown;
    pauseFor(pauseMs, { sinceMs: before.kind === 'paused' ? before.sinceMs : now(), logged });
  }

  /** @returns whether an operator was told */
  function logFailure(error: UpstreamError, isKnown: boolean, pauseMs: number): boolean {
    const fields = { askedCache: cache, reason: error.message, pauseSeconds: Math.ceil(pauseMs / 1000) };
    if (isKnown) {
      log.debug(fields, 'cache is still passed over');
      return false;
    }
    log.warn(fields, 'cache is passed over: blobs are asked of the others and of the origin');
    return true;
  }

  return {
    begin() {
      let mine = state;
      if (mine.kind === 'paused') {
        if (mine.probing || now() < mine.askAgainAtMs) return undefined;
        mine.probing = true;
      }
      const answered = (): void => {
        if (state !== mine || mine.kind === 'well') return;
        const fields = { askedCache: cache, passedOverMs: now() - mine.sinceMs };
        if (mine.logged) log.info(fields, 'cache answers again');
        mine = { kind: 'well' };
        state = mine;
      };
      return {
        answered,
        failed(error) {
          if (state === mine) failed(mine, error);
        },
        looped(reason) {
          answered();
          // Every request through it would tell of the same circle again.
          log[loopLogged ? 'debug' : 'warn'](
            { askedCache: cache, reason },
            'cache leads back here: take one of the two out of the caches that are configured',
          );
          loopLogged = true;
        },
        completed() {
          if (state === mine && mine.kind === 'well') nextPauseMs = FIRST_PAUSE_MS;
        },
        end() {
          if (mine.kind === 'paused') mine.probing = false;
        },
      };
    },
    reject(digest) {
      log.warn(
        { askedCache: cache, digest, pauseSeconds: REJECTED_FOR_MS / 1000 },
        'cache is passed over: it sent bytes of a blob that does not match its digest, check its disk',
      );
      pauseFor(REJECTED_FOR_MS, {
        sinceMs: state.kind === 'paused' ? state.sinceMs : now(),
        logged: true,
      });
    },
  };
}

/** How long the cache itself wants to be left alone, or whoever asks it for us. */
function askedPauseMs({ code, remembered, retryAfterSeconds }: UpstreamError): number | undefined {
  const isTold = code === 'rate-limited' || remembered;
  if (!isTold || retryAfterSeconds === undefined) return undefined;
  return Math.min(Math.max(retryAfterSeconds, 1) * 1000, MAX_RETRY_AFTER_MS);
}

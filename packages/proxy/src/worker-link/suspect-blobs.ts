import type { Logger } from '@registry-cache/runtime';
import { LRUCache } from 'lru-cache';
import { Agent, request } from 'node:http';
import type { UpstreamRoute } from '../url-shape.ts';

/** Makes a worker verify a stored blob before it answers, and remove one that is not what its digest says. */
export const SUSPECT = { 'x-registry-cache-suspect': '1' };

/** What became of stored blobs whose files this process could not send. */
export interface SuspectBlobs {
  /** The file ended early or could not be read: its worker is asked to verify it. Returns at once. */
  broken(route: UpstreamRoute, requestId: string, err: unknown): void;
  /** The file could not be opened, by this process at least. */
  unopened(route: UpstreamRoute, err: unknown): void;
  close(): void;
}

// Every reader of a bad blob meets the same failure: it is one line of the log and one question per minute.
const REMEMBER_MS = 60_000;
const MAX_REMEMBERED = 1000;
const MAX_RUNNING = 4;
// Reading a large blob again takes its time, and nobody waits for it.
const TIMEOUT_MS = 10 * 60_000;

export function createSuspectBlobs({ log }: { readonly log: Logger }): SuspectBlobs {
  const agent = new Agent({ keepAlive: false });
  const closing = new AbortController();
  const remembered = new LRUCache<string, true>({ max: MAX_REMEMBERED, ttl: REMEMBER_MS });
  let running = 0;

  const isNews = (path: string): boolean => {
    if (remembered.has(path)) return false;
    remembered.set(path, true);
    return true;
  };

  const askToVerify = ({ upstream, path }: UpstreamRoute, requestId: string): void => {
    if (running >= MAX_RUNNING || closing.signal.aborted) {
      // Its next reader brings it up again.
      remembered.delete(path);
      return;
    }
    running += 1;
    request({
      agent,
      socketPath: upstream.socketPath,
      method: 'HEAD',
      path,
      headers: { ...SUSPECT, 'x-request-id': requestId },
      signal: AbortSignal.any([closing.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
      .on('response', (answer) => answer.resume())
      .on('error', (err) => {
        remembered.delete(path);
        log.debug({ err, path }, 'a suspect blob could not be reported');
      })
      .on('close', () => void (running -= 1))
      .end();
  };

  return {
    broken: (route, requestId, err) => {
      if (!isNews(route.path)) return;
      const { upstream, path } = route;
      log.warn(
        { requestId, upstream: upstream.name, path, err },
        'stored blob is damaged: its worker is asked to verify it',
      );
      askToVerify(route, requestId);
    },
    unopened: ({ upstream, path }, err) => {
      if (!isNews(path)) return;
      log.warn(
        { upstream: upstream.name, path, err },
        'stored blob cannot be opened: its worker is asked for the bytes',
      );
    },
    close: () => {
      closing.abort();
      agent.destroy();
    },
  };
}

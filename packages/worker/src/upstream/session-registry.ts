import type { UpstreamSettings } from '@registry-cache/config';
import { isDeepStrictEqual } from 'node:util';
import type { Asker } from './asker.ts';
import { getBlob, headBlob } from './blob-requests.ts';
import { destroyOnAbort } from './answer-body.ts';
import { withDeadline } from './deadline.ts';
import { login } from './login-request.ts';
import { getList, getManifest, headManifest } from './manifest-requests.ts';
import type { RegistryClient } from './registry-client.ts';
import { UpstreamError } from './upstream-error.ts';
import type { ClientRegistry, UpstreamRegistry } from './upstream-registry.ts';
import {
  openUpstreamSession,
  type UpstreamSession,
  type UpstreamSessionOptions,
} from './upstream-session.ts';

/** Asks the upstream, each time under the settings of that time. */
export interface SessionRegistry extends UpstreamRegistry {
  /** The same upstream and connections, asked in a client's name. */
  as(asker: Asker): ClientRegistry;

  /**
   * Goes over to other settings, unless they mean the same for connections and credentials.
   *
   * @returns whether it did
   */
  update(upstream: UpstreamSettings): boolean;
}

export function createSessionRegistry(options: UpstreamSessionOptions): SessionRegistry {
  const { timeouts } = options;
  let current = openUpstreamSession(options);
  const retired = new Set<UpstreamSession>();

  const asAsker = (asker: Asker | undefined): Omit<UpstreamRegistry, 'close'> => {
    const ask = async <Result>(
      signal: AbortSignal,
      work: (client: RegistryClient, signal: AbortSignal, session: UpstreamSession) => Promise<Result>,
    ): Promise<Result> => {
      const session = current;
      const release = session.hold();
      const error = (): UpstreamError => timedOut(session.upstream, timeouts.answerMs);
      try {
        return await withDeadline({ signal, timeoutMs: timeouts.answerMs, error }, (bounded) =>
          work(session.clientOf(asker), bounded, session),
        );
      } finally {
        release();
      }
    };
    return {
      manifestGet: (name, reference, { signal }) =>
        ask(signal, (client, bounded) => getManifest(client, name, reference, bounded)),
      manifestHead: (name, reference, { signal }) =>
        ask(signal, (client, bounded) => headManifest(client, name, reference, bounded)),
      blobHead: (name, digest, { signal }) =>
        ask(signal, (client, bounded) => headBlob(client, name, digest, bounded)),
      blobGet: (name, digest, { signal, range }) =>
        ask(signal, async (client, bounded, session) => {
          const blob = await getBlob(client, { name, digest, range, signal: bounded });
          if (blob === undefined) return undefined;
          destroyOnAbort(blob.body, signal);
          blob.body.once('close', session.hold());
          return blob;
        }),
      list: (name, endpoint, query, { signal }) =>
        ask(signal, (client, bounded) => getList(client, { name, endpoint, query, signal: bounded })),
      login: ({ signal }) => ask(signal, (client, bounded) => login(client, bounded)),
    };
  };

  return {
    ...asAsker(undefined),
    // Whose connections they are closes them.
    as: (asker) => ({
      ...asAsker(asker),
      forgetTokens: () => current.clientOf(asker).forgetTokens(),
      close: async () => {},
    }),
    update(upstream) {
      if (isSameSession(upstream, current.upstream)) return false;
      const previous = current;
      current = openUpstreamSession({ ...options, upstream });
      retired.add(previous);
      void previous.retire().then(() => retired.delete(previous));
      return true;
    },
    async close() {
      await Promise.all([current, ...retired].map((session) => session.close()));
    },
  };
}

/** Tokens and connections outlive a change of what has nothing to do with them. */
function isSameSession(one: UpstreamSettings, other: UpstreamSettings): boolean {
  const unrelated: Partial<UpstreamSettings> = {
    tagTtlMs: 0,
    default: false,
    authorization: 'cache',
    caches: [],
  };
  return isDeepStrictEqual({ ...one, ...unrelated }, { ...other, ...unrelated });
}

function timedOut({ name, url }: UpstreamSettings, timeoutMs: number): UpstreamError {
  return new UpstreamError(
    'timeout',
    `${name} gave no complete answer within ${timeoutMs / 1000} s (${url})`,
  );
}

import type { RateLimitStatus } from '@registry-cache/control';
import type { UpstreamName } from '@registry-cache/oci';
import type { Tally } from '@registry-cache/runtime';
import { STATUS_CODES } from 'node:http';
import { aroundQuestions } from './around-questions.ts';
import type { HttpClient, HttpHead } from './http-client.ts';
import { findRateLimit } from './rate-limit-remaining.ts';
import { UpstreamError } from './upstream-error.ts';
import type { UpstreamRegistry } from './upstream-registry.ts';

/** Counts what an upstream is asked and answers, whoever asks, and remembers what it last said of its limit. */
export interface ObservedUpstream {
  /**
   * For everything but tokens.
   *
   * @param isOwn whether the cache's own credentials are used: the limits of clients are theirs
   */
  aroundHttp(http: HttpClient, isOwn: boolean): HttpClient;
  /** Counts what fails, also when a blob breaks off; not where nobody has asked the upstream. */
  aroundErrors(registry: UpstreamRegistry): UpstreamRegistry;
  rateLimit(): RateLimitStatus | undefined;
  /** Adds the bytes received since it was last called. */
  countBytes(): void;
}

export interface ObservedUpstreamOptions {
  readonly upstream: UpstreamName;
  readonly tally: Tally;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function createObservedUpstream({ upstream, tally, now }: ObservedUpstreamOptions): ObservedUpstream {
  let rateLimit: RateLimitStatus | undefined;
  // Not counted piece by piece: a fast upstream sends ten thousands in a second.
  let receivedBytes = 0;
  const received = (bytes: number): void => void (receivedBytes += bytes);
  const failed = (error: unknown): void => {
    if (error instanceof UpstreamError && !error.remembered) {
      tally.add('upstream_errors_total', [upstream, error.code]);
    }
  };

  return {
    aroundHttp: (http, isOwn) => ({
      ...http,
      send: (request) => {
        const askedAtMs = performance.now();
        const onHead = (head: HttpHead): ((bytes: number) => void) | undefined => {
          tally.add('upstream_requests_total', [upstream, statusLabel(head.status)]);
          tally.observe('upstream_duration_seconds', [upstream], (performance.now() - askedAtMs) / 1000);
          const isRegistry = request.isForeign !== true;
          if (isOwn && isRegistry) rateLimit = findRateLimit(head.headers, now()) ?? rateLimit;
          return head.status === 200 || head.status === 206 ? received : undefined;
        };
        return http.send({ ...request, onHead });
      },
    }),
    aroundErrors: (registry) => {
      const counted = aroundQuestions(registry, async (_, ask) => {
        try {
          return await ask();
        } catch (error) {
          failed(error);
          throw error;
        }
      });
      return {
        ...registry,
        ...counted,
        async blobGet(name, digest, options) {
          const blob = await counted.blobGet(name, digest, options);
          blob?.body.once('error', failed);
          return blob;
        },
      };
    },
    rateLimit: () => rateLimit,
    countBytes() {
      tally.add('upstream_bytes_total', [upstream], receivedBytes);
      receivedBytes = 0;
    },
  };
}

/** An upstream may answer any number, and each would be a series. */
function statusLabel(status: number): string {
  return STATUS_CODES[status] === undefined ? 'other' : String(status);
}

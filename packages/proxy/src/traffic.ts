import type { CacheOutcome, RegistryErrorCode, RegistryRequest, UpstreamName } from '@registry-cache/oci';
import type { Tally } from '@registry-cache/runtime';

/** What counts of an answer about an upstream. */
export interface CountedAnswer {
  readonly upstream: UpstreamName;
  readonly kind: RegistryRequest['kind'];
  /** `error` where no worker's `Cache-Status` was sent. */
  readonly outcome: CacheOutcome | 'error';
  readonly status: number;
  /** Body bytes handed to the client's socket. */
  readonly bytesSent: number;
}

/** Counts each request once, but for health checks and logins that are right. */
export interface Traffic {
  answered(answer: CountedAnswer, durationMs: number): void;
  /** The same answer was given again, so many times, in no time. */
  repeated(answer: CountedAnswer, times: number): void;
  /** This process has refused a request by itself. */
  refused(code: RegistryErrorCode): void;
}

/** Of these, no upstream had to send the bytes for this client. */
const SAVING: ReadonlySet<CountedAnswer['outcome']> = new Set(['hit', 'revalidated', 'stale', 'collapsed']);

export function createTraffic(tally: Tally): Traffic {
  const count = (answer: CountedAnswer, durationMs: number, times: number): void => {
    const { upstream, kind, outcome, status } = answer;
    const bytes = answer.bytesSent * times;
    tally.add('requests_total', [upstream, kind, outcome, String(status)], times);
    tally.add('client_bytes_total', [upstream, outcome], bytes);
    if (SAVING.has(outcome)) tally.add('saved_bytes_total', [upstream], bytes);
    tally.observe('request_duration_seconds', [upstream, kind, outcome], durationMs / 1000, times);
  };
  return {
    answered: (answer, durationMs) => count(answer, durationMs, 1),
    repeated: (answer, times) => count(answer, 0, times),
    refused: (code) => tally.add('refused_requests_total', [code]),
  };
}

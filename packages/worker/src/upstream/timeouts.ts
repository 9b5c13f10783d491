/** How long an upstream is waited for, in milliseconds. */
export interface UpstreamTimeouts {
  /** Until TCP and TLS are established. */
  readonly connectMs: number;
  /** Between a request and the headers of its answer. */
  readonly headersMs: number;
  /** Between two chunks of a body. */
  readonly bodyIdleMs: number;
  /** A body brings `SLOWEST_BODY_BYTES` in this time, or fails: what trickles is not idle, and would never end. */
  readonly slowBodyMs: number;
  /** Until a token is there, shared by all who wait for it. */
  readonly tokenMs: number;
  /** For everything until an answer can begin: tokens, redirects, and a manifest with its body. */
  readonly answerMs: number;
  /** Until a blob has one of the connections that blobs may use. Comes before `answerMs`. */
  readonly queueMs: number;
}

/** 1 KiB/s with the default window: slower than any link that a pull would survive, faster than a byte now and then. */
export const SLOWEST_BODY_BYTES: number = 60 * 1024;

/**
 * Clients give up after 30 s without headers, and an answer from the cache must still fit in. Waiting for a connection and
 * for the answer may together take longer; most upstreams that are worth waiting for answer at once.
 */
export const DEFAULT_TIMEOUTS: UpstreamTimeouts = {
  connectMs: 10_000,
  headersMs: 20_000,
  bodyIdleMs: 60_000,
  slowBodyMs: 60_000,
  tokenMs: 20_000,
  answerMs: 25_000,
  queueMs: 20_000,
};

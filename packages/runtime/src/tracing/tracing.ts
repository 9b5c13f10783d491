/** Traces of what a process does for those who ask, in words of their own: only `open-telemetry.ts` knows the SDK. */
export interface Tracing {
  /** Begins a span of whoever sent the headers, or of the active span, or of a new trace. The caller ends it. */
  startSpan(name: string, options: SpanOptions): Span;
  /** The span of what runs now; undefined outside of all. */
  active(): Span | undefined;
  /** Sends what has not been sent yet, in bounded time. */
  flush(): Promise<void>;
  /** The same, for the last time. */
  close(): Promise<void>;
}

export interface SpanOptions {
  /**
   * - `server`: a request that is answered;
   * - `client`: one that is sent;
   * - `internal`: work.
   */
  readonly kind: 'server' | 'client' | 'internal';
  readonly attributes?: SpanAttributes;
  /** Of the request that is answered. @see W3C, "Trace Context" */
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
}

/** By OpenTelemetry's semantic conventions, or beginning with `registry_cache.`; what is undefined is left out. Never a secret. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Span {
  /** What runs in `work`, and all that it waits for, belongs to this span. */
  run<Result>(work: () => Result): Result;
  rename(name: string): void;
  set(attributes: SpanAttributes): void;
  /** Names a span that this one waits for, of whichever trace. */
  link(other: Span): void;
  /** @param type few in number: an error's code or class, or a status */
  fail(type: string): void;
  /** `traceparent`, and `tracestate` where there is one, for whoever is asked on behalf of this span. */
  headers(): Record<string, string>;
  end(): void;
}

/**
 * Runs `work` with a signal that aborts with `error` after `timeoutMs`, or as `signal` does. It does neither once `work` is done:
 * a body may take longer than its headers.
 *
 * Not `AbortSignal.any`: on a signal that lives as long as the process, Node 20 keeps something of each of them.
 */
export async function withDeadline<Result>(
  { signal, timeoutMs, error }: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const bounded = new AbortController();
  const timer = setTimeout(() => bounded.abort(error()), timeoutMs);
  const abort = (): void => bounded.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted === true) abort();
  try {
    return await work(bounded.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

export interface DeadlineOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs: number;
  readonly error: () => Error;
}

/** What `promise` becomes, unless `signal` aborts first: for one of several who wait for the same work. */
export async function orAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  // Nobody may be left to meet its failure.
  promise.catch(() => {});
  signal.throwIfAborted();
  let stopListening: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    stopListening = () => signal.removeEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    stopListening?.();
  }
}

/**
 * What a unix socket says while its process starts, stops, or has died before it answered. `EAGAIN` is a queue of connections
 * that a process has had no time to accept.
 */
const RESTARTING: ReadonlySet<unknown> = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAGAIN']);

/** Whether a request to another process, by its unix socket, may be sent again: nothing of it was answered. */
export function isRestarting(err: unknown): boolean {
  return err instanceof Error && 'code' in err && RESTARTING.has(err.code);
}

/** Its process has not bound it yet, or has ended as it should: it may be asleep. */
export function isAbsent(err: unknown): boolean {
  return err instanceof Error && 'code' in err && err.code === 'ENOENT';
}

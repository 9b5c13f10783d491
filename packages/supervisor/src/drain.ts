import type { Fleet } from './fleet.ts';

export interface DrainOptions {
  readonly fleet: Fleet;
  /** How long a pull in flight may go on. */
  readonly drainTimeoutMs: number;
  /** Ends everything at once when it is aborted. */
  readonly kill: AbortSignal;
}

// What a process needs beyond the bound that it keeps itself: to notice, to close and to flush its log.
const MARGIN_MS = 5000;

/**
 * Ends all processes so that every pull in flight can finish within `drainTimeoutMs`. Who pulls without being asked goes first, and then
 * the proxies, since they bring the work; the logger last, since the others still have events for it. Resolves to true when nobody had to be killed.
 */
export async function drain({ fleet, drainTimeoutMs, kill }: DrainOptions): Promise<boolean> {
  const startedAt = performance.now();
  const killAll = (): void => fleet.kill();
  if (kill.aborted) killAll();
  kill.addEventListener('abort', killAll, { once: true });
  fleet.allowToEnd();
  try {
    const stop = (ids: readonly string[], graceMs: number): Promise<boolean[]> =>
      Promise.all(ids.map((id) => fleet.stop(id, graceMs)));
    const admin = fleet.stop('admin', MARGIN_MS);
    const clean = await stop(fleet.ids('proxy'), drainTimeoutMs + MARGIN_MS);
    clean.push(await admin);
    // Fills may go on only for as long as pulls could have: the bound is one for all, not one for each.
    const leftMs = Math.max(0, drainTimeoutMs - (performance.now() - startedAt));
    clean.push(await fleet.stop('cleaner', MARGIN_MS));
    const workers = fleet.ids().filter((id) => id !== 'logger');
    clean.push(...(await stop(workers, leftMs + MARGIN_MS)));
    clean.push(await fleet.stop('logger', MARGIN_MS));
    return clean.every(Boolean) && !kill.aborted;
  } finally {
    kill.removeEventListener('abort', killAll);
  }
}

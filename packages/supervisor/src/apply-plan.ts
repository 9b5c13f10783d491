import type { Logger } from '@registry-cache/runtime';
import type { Fleet } from './fleet.ts';
import type { PlannedProcess } from './process-plan.ts';
import type { ChangedProcess, PlanChanges } from './settings-diff.ts';

export interface ApplyOptions {
  readonly fleet: Fleet;
  readonly log: Logger;
  /** How long a removed upstream's pulls in flight may go on. */
  readonly removalGraceMs: number;
  /** Ends the waiting when the cache is told to stop. */
  readonly signal: AbortSignal;
}

const APPLY_TIMEOUT_MS = 10_000;

/**
 * Brings the processes from one plan to the next without dropping a pull. Who is not affected notices nothing.
 *
 * 1. New workers start, so that the proxy finds them serving.
 * 2. Changed processes go over to their new settings.
 * 3. The proxy learns which upstreams there are: it sends to the new ones, and nothing more to the old.
 * 4. Workers of removed upstreams finish what they are at, while the next change may already come.
 */
export async function applyPlan(changes: PlanChanges, options: ApplyOptions): Promise<void> {
  const { fleet, log, removalGraceMs, signal } = options;
  await Promise.all(changes.added.map((process) => start(process, options)));
  const isProxy = ({ process }: ChangedProcess): boolean => process.name === 'proxy';
  const others = changes.changed.filter((change) => !isProxy(change));
  await Promise.all(others.map((change) => reload(change, options)));
  await Promise.all(changes.changed.filter(isProxy).map((change) => reload(change, options)));
  if (signal.aborted) return;
  for (const { id } of changes.removed) {
    void fleet
      .stop(id, removalGraceMs)
      .then(() => log.info({ removed: id }, 'process of a removed upstream ended'));
  }
}

async function start(process: PlannedProcess, { fleet, log, signal }: ApplyOptions): Promise<void> {
  if (await fleet.start(process, signal))
    log.info({ added: process.id }, 'process of a new upstream started');
}

async function reload(
  { process, keys }: ChangedProcess,
  { fleet, log, signal }: ApplyOptions,
): Promise<void> {
  const applied = await fleet.reload(
    process,
    AbortSignal.any([signal, AbortSignal.timeout(APPLY_TIMEOUT_MS)]),
  );
  if (applied) log.info({ changed: process.id, keys }, 'settings reloaded');
  else if (!signal.aborted) {
    log.error({ changed: process.id, keys }, 'process did not confirm its new settings');
  }
}

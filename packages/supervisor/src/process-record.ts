import type { ProcessDescription } from '@registry-cache/runtime';
import type { PlannedProcess } from './process-plan.ts';

/** What became of a process so far, for whoever wants to know. */
export interface ProcessRecord {
  started(pid: number | undefined): void;
  ready(): void;
  /** @param willRestart whether it ended by itself, and is started again */
  ended(willRestart: boolean): void;
  describe(isAsleep: boolean): ProcessDescription;
}

/** @param now milliseconds since the epoch */
export function createProcessRecord(planned: PlannedProcess, now: () => number): ProcessRecord {
  let life: { readonly pid: number | undefined; readonly startedAtMs: number; isReady: boolean } | undefined;
  let restarts = 0;
  const stateOf = (isAsleep: boolean): ProcessDescription['state'] => {
    if (life !== undefined) return life.isReady ? 'serving' : 'starting';
    return isAsleep ? 'asleep' : 'ended';
  };
  return {
    started(pid) {
      life = { pid, startedAtMs: now(), isReady: false };
    },
    ready() {
      if (life !== undefined) life.isReady = true;
    },
    ended(willRestart) {
      life = undefined;
      if (willRestart) restarts += 1;
    },
    describe: (isAsleep) => ({
      id: planned.id,
      name: planned.name,
      ...(planned.upstream === undefined ? {} : { upstream: planned.upstream }),
      state: stateOf(isAsleep),
      ...(life?.pid === undefined ? {} : { pid: life.pid }),
      ...(life === undefined ? {} : { startedAtMs: life.startedAtMs }),
      restarts,
    }),
  };
}

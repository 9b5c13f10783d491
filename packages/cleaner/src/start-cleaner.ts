import { isDeepStrictEqual } from 'node:util';
import type { CleanerProcessSettings } from '@registry-cache/config';
import type { ProcessContext, RunningProcess } from '@registry-cache/runtime';
import type { CleanReport } from '@registry-cache/store/maintenance';
import { attemptPass, type PassResult } from './attempt-pass.ts';
import { makeRoom, runCleanPass } from './clean-pass.ts';
import { createCleanerFigures } from './cleaner-figures.ts';
import { createDiskWarning } from './disk-warning.ts';
import { passIntervalMs } from './pass-interval.ts';
import { schedulePasses } from './pass-schedule.ts';
import { createPinWarning } from './pin-warning.ts';
import { createRemovals } from './removals.ts';

// Late enough to leave the machine to the processes that serve while they start.
const FIRST_PASS_AFTER_MS = 5_000;

/**
 * Cleans shortly after the start and then at every interval, until it is closed. New settings start a pass at once, and so does
 * a full disk, and an operator's command.
 */
export function startCleaner(
  settings: CleanerProcessSettings,
  { log, tally }: Pick<ProcessContext, 'log' | 'tally'>,
): RunningProcess<CleanerProcessSettings> {
  let current = settings;
  const figures = createCleanerFigures(tally, Date.now);
  const { eventsSocketPath } = settings;
  const removals = createRemovals({ figures, eventsSocketPath, log });
  const warnings = [createDiskWarning(log), createPinWarning(log)];
  const attempt = (pass: typeof runCleanPass, signal: AbortSignal, dryRun = false): Promise<PassResult> =>
    attemptPass(pass, {
      settings: current,
      dryRun,
      figures,
      log,
      onEvicted: removals.onEvicted,
      onExpired: removals.onExpired,
      signal,
    });
  const everyMs = passIntervalMs(settings.cleaner);
  const schedule = schedulePasses({
    everyMs,
    firstAfterMs: Math.min(FIRST_PASS_AFTER_MS, everyMs),
    async runPass(signal) {
      const result = await attempt(runCleanPass, signal);
      if (result.kind === 'done') for (const warning of warnings) warning.update(result.report);
    },
  });
  let makingRoom: Promise<void> | undefined;
  return {
    async reload(changed) {
      const isSame = isDeepStrictEqual(changed.cleaner, current.cleaner);
      current = changed;
      if (!isSame) schedule.restart(passIntervalMs(changed.cleaner));
      await removals.connect(changed.eventsSocketPath);
    },
    makeRoom() {
      // Asked for again before it has ended, it is the same room.
      makingRoom ??= schedule
        .runFirst(async (signal) => void (await attempt(makeRoom, signal)))
        .finally(() => {
          makingRoom = undefined;
        });
      return makingRoom;
    },
    async clean(dryRun) {
      let result: PassResult = { kind: 'stopped' };
      await schedule.runFirst(async (signal) => {
        result = await attempt(runCleanPass, signal, dryRun);
      });
      return reportOf(result);
    },
    observe: () => figures.observe(current.cleaner),
    async close() {
      await schedule.close();
      await removals.close();
    },
  };
}

function reportOf(result: PassResult): CleanReport {
  switch (result.kind) {
    case 'done':
      return result.report;
    case 'failed':
      throw result.err;
    case 'stopped':
      throw new Error('the pass was stopped: the configuration has changed, or the cache ends');
  }
}

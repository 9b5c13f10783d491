import { isDeepStrictEqual } from 'node:util';
import type { CleanerProcessSettings } from '@registry-cache/config';
import type { Logger, RunningProcess } from '@registry-cache/runtime';
import { layoutOf } from '@registry-cache/store';
import type { CleanReport } from '@registry-cache/store/maintenance';
import { makeRoom, runCleanPass } from './clean-pass.ts';
import { collectGarbage } from './collect-garbage.ts';
import { createDiskWarning } from './disk-warning.ts';
import { passIntervalMs } from './pass-interval.ts';
import { schedulePasses } from './pass-schedule.ts';

// Late enough to leave the machine to the processes that serve while they start.
const FIRST_PASS_AFTER_MS = 5_000;

/**
 * Cleans shortly after the start and then at every interval, until it is closed. New settings start a pass at once, and so does
 * a full disk.
 */
export function startCleaner(
  settings: CleanerProcessSettings,
  log: Logger,
): RunningProcess<CleanerProcessSettings> {
  let current = settings;
  const diskWarning = createDiskWarning(log);
  const attempt = async (
    pass: typeof runCleanPass,
    signal: AbortSignal,
  ): Promise<CleanReport | undefined> => {
    try {
      const layout = layoutOf(current.rootDirectory);
      return await pass({ layout, settings: current.cleaner, dryRun: false, log, now: Date.now, signal });
    } catch (err) {
      if (!signal.aborted) log.error({ err }, 'cleaning pass failed, the next one tries again');
      return undefined;
    } finally {
      collectGarbage();
    }
  };
  const everyMs = passIntervalMs(settings.cleaner);
  const schedule = schedulePasses({
    everyMs,
    firstAfterMs: Math.min(FIRST_PASS_AFTER_MS, everyMs),
    async runPass(signal) {
      const report = await attempt(runCleanPass, signal);
      if (report !== undefined) diskWarning.update(report);
    },
  });
  let makingRoom: Promise<void> | undefined;
  return {
    reload(changed) {
      const isSame = isDeepStrictEqual(changed.cleaner, current.cleaner);
      current = changed;
      if (!isSame) schedule.restart(passIntervalMs(changed.cleaner));
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
    close: () => schedule.close(),
  };
}

import { constants, setPriority } from 'node:os';
import type { CleanerProcessSettings } from '@registry-cache/config';
import { runChildProcess } from '@registry-cache/runtime';
import { cleanOnce } from './clean-once.ts';
import { startCleaner } from './start-cleaner.ts';

runChildProcess<CleanerProcessSettings>(
  () => ({ process: 'cleaner' }),
  async (settings, context) => {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
    if (settings.once === undefined) return startCleaner(settings, context);
    await context.report(await cleanOnce(settings, settings.once.dryRun, context.log));
    return undefined;
  },
);

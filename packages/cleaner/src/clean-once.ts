import type { CleanerProcessSettings } from '@registry-cache/config';
import type { Logger } from '@registry-cache/runtime';
import { layoutOf } from '@registry-cache/store';
import { createPinFile } from '@registry-cache/store/images';
import type { CleanReport } from '@registry-cache/store/maintenance';
import { runCleanPass } from './clean-pass.ts';

/** A pass by hand: it ends early, and rejects, when the process is told to stop or its parent is gone. */
export async function cleanOnce(
  settings: CleanerProcessSettings,
  dryRun: boolean,
  log: Logger,
): Promise<CleanReport> {
  const stop = new AbortController();
  const abort = (): void => stop.abort(new Error('cleaning pass stopped before its end'));
  process.once('SIGTERM', abort);
  process.once('disconnect', abort);
  try {
    const layout = layoutOf(settings.rootDirectory);
    const { cleaner } = settings;
    return await runCleanPass({
      layout,
      settings: cleaner,
      pinFile: createPinFile(settings.rootDirectory),
      dryRun,
      log,
      now: Date.now,
      signal: stop.signal,
    });
  } finally {
    process.off('SIGTERM', abort);
    process.off('disconnect', abort);
  }
}

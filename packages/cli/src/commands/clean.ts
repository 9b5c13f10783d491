import { join } from 'node:path';
import { CONTROL_SOCKET_NAME, type Settings } from '@registry-cache/config';
import type { CleanReport } from '@registry-cache/store/maintenance';
import { cleanByRunningCache } from '../clean/by-running-cache.ts';
import { formatCleanReport } from '../clean/report.ts';
import { runCleaner } from '../clean/run-cleaner.ts';
import { print } from '../control/print.ts';
import { loadOrExplain } from '../load-settings.ts';
import type { SettingsSource } from '../settings-source.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface CleanOptions {
  readonly dryRun: boolean;
  /** The control socket of the cache that is to clean, whatever its settings. */
  readonly socket?: string;
  readonly output: 'text' | 'json';
  readonly terminal: Terminal;
}

/** One cleaning pass by hand: by the cache that serves these settings, so that it knows of it, or else by a cleaner of its own. */
export async function clean(source: SettingsSource, options: CleanOptions): Promise<void> {
  const { socket, dryRun } = options;
  const report =
    socket === undefined
      ? await cleanBySettings(await loadOrExplain(source), source, dryRun)
      : await cleanByRunningCache(socket, undefined, dryRun);
  if (report !== undefined) print(report, options, formatCleanReport);
}

async function cleanBySettings(
  settings: Settings,
  { logLevel }: SettingsSource,
  dryRun: boolean,
): Promise<CleanReport> {
  const { cleaner, storage, log, runDirectory } = settings;
  const report = await cleanByRunningCache(join(runDirectory, CONTROL_SOCKET_NAME), settings, dryRun);
  return (
    report ??
    (await runCleaner({
      // The report says what was done; a log beside it is for those who ask for one.
      logLevel: logLevel === undefined ? 'warn' : log.level,
      rootDirectory: storage.rootDirectory,
      cleaner,
      once: { dryRun },
    }))
  );
}

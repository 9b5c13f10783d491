import { runCleaner } from '../clean/run-cleaner.ts';
import { formatCleanReport } from '../clean/report.ts';
import { loadOrExplain } from '../load-settings.ts';
import type { SettingsSource } from '../settings-source.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface CleanOptions {
  readonly dryRun: boolean;
  readonly output: 'text' | 'json';
  readonly terminal: Terminal;
}

/** One cleaning pass by hand, in the cleaner's own process. */
export async function clean(
  source: SettingsSource,
  { dryRun, output, terminal }: CleanOptions,
): Promise<void> {
  const { cleaner, storage, log } = await loadOrExplain(source);
  const report = await runCleaner({
    // The report says what was done; a log beside it is for those who ask for one.
    logLevel: source.logLevel === undefined ? 'warn' : log.level,
    rootDirectory: storage.rootDirectory,
    cleaner,
    once: { dryRun },
  });
  if (output === 'json') terminal.print(JSON.stringify(report, undefined, 2));
  else for (const line of formatCleanReport(report)) terminal.print(line);
}

import { existsSync } from 'node:fs';
import { readEnvironment, type Settings } from '@registry-cache/config';
import { EXIT_FAILURE } from '@registry-cache/runtime';
import { CommandFailure } from '../command-failure.ts';
import { load, loadOrExplain } from '../load-settings.ts';
import type { SettingsSource } from '../settings-source.ts';
import { version } from '../version.ts';

/**
 * Serves until it is told to stop, and resolves with the exit code.
 *
 * @throws {CommandFailure} when the configuration is wrong from the start; later mistakes are logged and change nothing
 */
export async function serve(source: SettingsSource): Promise<number> {
  rejectUnknownCommand(source.configFile);
  let first: Settings | undefined = await loadOrExplain(source);
  // The one process package that is imported: docs/decisions/0002-cli-imports-the-supervisor.md
  const supervisor = await import('@registry-cache/supervisor');
  return supervisor.serve({
    async load() {
      const settings = first ?? (await load(source));
      first = undefined;
      return settings;
    },
    version: version(),
    environment: readEnvironment(),
  });
}

/** Serving is the default command, so that a misspelt one arrives here as the name of a configuration file. */
function rejectUnknownCommand(configFile: string | undefined): void {
  if (configFile === undefined || !/^[a-z-]+$/.test(configFile) || existsSync(configFile)) return;
  throw new CommandFailure(
    `${configFile} is neither a command nor a file: registry-cache --help lists the commands`,
    { exitCode: EXIT_FAILURE },
  );
}

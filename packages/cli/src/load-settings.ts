import { ConfigError, loadSettings, readEnvironment, type Settings } from '@registry-cache/config';
import { EXIT_CONFIG } from '@registry-cache/runtime';
import { CommandFailure } from './command-failure.ts';
import type { SettingsSource } from './settings-source.ts';

/** Settings by all their sources: defaults, the file, the environment, the command line. @throws {ConfigError} */
export function load({ configFile, addr, data, pullSecret, logLevel }: SettingsSource): Promise<Settings> {
  return loadSettings({
    env: readEnvironment(),
    configFile,
    overrides: {
      'http.addr': addr,
      'storage.filesystem.rootdirectory': data,
      pullsecret: pullSecret,
      'log.level': logLevel,
    },
  });
}

/** A wrong configuration as it is explained to users; everything else as it is. */
export function explainConfigError(err: unknown): unknown {
  if (!(err instanceof ConfigError)) return err;
  return new CommandFailure('the configuration is wrong', {
    exitCode: EXIT_CONFIG,
    problems: err.problems.map(({ key, message }) => `${key}: ${message}`),
  });
}

/** @throws {CommandFailure} with every problem on its own line */
export async function loadOrExplain(source: SettingsSource): Promise<Settings> {
  try {
    return await load(source);
  } catch (err) {
    throw explainConfigError(err);
  }
}

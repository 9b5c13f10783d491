import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ConfigError } from './config-error.ts';
import { isRunDirectoryOfSameData, WELL_KNOWN_PATHS } from './defaults.ts';
import { Findings } from './findings.ts';
import type { SettingsSources } from './load-settings.ts';
import { readDocument } from './read-document.ts';
import { dataDirectoryOf, runDirectoryOf } from './run-directory.ts';

/** The socket of the command line, in the run directory. */
export const CONTROL_SOCKET_NAME = 'control.sock';

/** What decides where the run directory is. */
const KEYS = ['rundir', 'storage', 'storage.filesystem', 'storage.filesystem.rootdirectory'];

/**
 * Where the control socket of a cache with this configuration is.
 *
 * No file but config.yml is read, and a mistake elsewhere counts for nothing: a running cache goes on as it was when its files
 * become wrong, and can still be asked.
 *
 * @throws {ConfigError} where the mistake is in what decides
 */
export async function findControlSocket(sources: SettingsSources): Promise<string> {
  const { env, configFile, wellKnown = WELL_KNOWN_PATHS } = sources;
  const findings = new Findings();
  const { document, label } = await readDocument(sources, findings);
  const labels = KEYS.map(label);
  const problems = findings.problems.filter(
    ({ key }) => labels.includes(key) || (configFile !== undefined && key.startsWith(configFile)),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  const data = await dataDirectoryOf(document, env, wellKnown);
  return join(await runDirectoryOf(document, env, data), CONTROL_SOCKET_NAME);
}

/**
 * Whose cache may be meant by who finds nobody at a socket that `findControlSocket` has named: ids of other users with a run directory
 * for the same data, without those whose place for such directories nobody else can see.
 */
export async function findOtherOwners(socketPath: string): Promise<readonly number[]> {
  const own = dirname(socketPath);
  const parent = dirname(own);
  const names = await readdir(parent).catch(() => []);
  const others = names.filter((name) => isRunDirectoryOfSameData(name, basename(own)));
  const found = await Promise.all(others.map((name) => stat(join(parent, name)).catch(() => undefined)));
  return found.flatMap((each) => each?.uid ?? []);
}

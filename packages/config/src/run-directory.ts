import { resolve } from 'node:path';
import type { ConfigDocument } from './config-document.ts';
import { defaultDataDirectory, defaultRunDirectory, type WellKnownPaths } from './defaults.ts';
import type { Environment } from './environment.ts';
import type { LoadContext } from './load-context.ts';

/** Linux takes 107 bytes for the path of a unix socket, macOS 103. */
const MAX_SOCKET_PATH_BYTES = 103;

/** The longest name that a socket in the run directory may have. */
export const MAX_SOCKET_NAME_BYTES = 24;

const MAX_RUN_DIRECTORY_BYTES = MAX_SOCKET_PATH_BYTES - MAX_SOCKET_NAME_BYTES - '/'.length;

/** The configured folder for data, or the container's, or one of this user. */
export async function dataDirectoryOf(
  document: ConfigDocument,
  env: Environment,
  wellKnown: WellKnownPaths,
): Promise<string> {
  const configured = document.storage?.filesystem?.rootdirectory;
  return resolve(configured ?? (await defaultDataDirectory(env, wellKnown)));
}

/** The configured folder for sockets, or one that belongs to this user and this data. */
export async function runDirectoryOf(
  document: ConfigDocument,
  env: Environment,
  dataDirectory: string,
): Promise<string> {
  return resolve(document.rundir ?? (await defaultRunDirectory(env, dataDirectory)));
}

/** The same, where its sockets can be. */
export async function findRunDirectory(
  env: Environment,
  dataDirectory: string,
  { layered, findings }: LoadContext,
): Promise<string> {
  const directory = await runDirectoryOf(layered.document, env, dataDirectory);
  if (Buffer.byteLength(directory) > MAX_RUN_DIRECTORY_BYTES) {
    findings.problem(
      layered.label('rundir'),
      `expected a path of at most ${MAX_RUN_DIRECTORY_BYTES} bytes, as unix sockets need, got ${directory}`,
    );
  }
  return directory;
}

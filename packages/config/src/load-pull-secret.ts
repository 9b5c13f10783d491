import { resolve } from 'node:path';
import type { LoadContext } from './load-context.ts';
import { DEFAULT_IGNORED_REGISTRIES, parsePullSecret, type PullSecretEntry } from './pull-secret.ts';
import { isPresent, readTextFile } from './text-file.ts';

export interface LoadedPullSecret {
  /** The file; undefined where there is none. */
  readonly path: string | undefined;
  readonly entries: readonly PullSecretEntry[];
}

/** The configured pull secret, which must exist; else the container's, which need not. */
export async function loadPullSecret(context: LoadContext): Promise<LoadedPullSecret> {
  const { layered, wellKnown, findings, watchedFiles } = context;
  const { pullsecret, ignoreregistries = DEFAULT_IGNORED_REGISTRIES } = layered.document;
  const path = resolve(pullsecret ?? wellKnown.pullSecret);
  watchedFiles.add(path);
  if (pullsecret === undefined && !(await isPresent(path))) return { path: undefined, entries: [] };

  const key = pullsecret === undefined ? path : layered.label('pullsecret');
  const pullSecret = await findings.attempt(key, async () =>
    parsePullSecret(await readTextFile(path), path, ignoreregistries),
  );
  for (const warning of pullSecret?.warnings ?? []) findings.warning(warning);
  return { path, entries: pullSecret?.entries ?? [] };
}

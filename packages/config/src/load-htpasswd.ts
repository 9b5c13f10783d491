import { resolve } from 'node:path';
import { DEFAULT_REALM } from './defaults.ts';
import { parseHtpasswd } from './htpasswd.ts';
import type { LoadContext } from './load-context.ts';
import type { HtpasswdSettings } from './settings.ts';
import { readTextFile } from './text-file.ts';

/** Who may log in, where `auth.htpasswd` asks for it; the container's file unless it names one. */
export async function loadHtpasswd(context: LoadContext): Promise<HtpasswdSettings | undefined> {
  const { layered, wellKnown, findings, watchedFiles } = context;
  const section = layered.document.auth?.htpasswd;
  if (section === undefined) return undefined;
  const path = resolve(section.path ?? wellKnown.htpasswd);
  watchedFiles.add(path);
  const key = section.path === undefined ? 'auth.htpasswd.path' : layered.label('auth.htpasswd.path');
  const users = await findings.attempt(key, async () => parseHtpasswd(await readTextFile(path), path));
  return users === undefined ? undefined : { realm: section.realm ?? DEFAULT_REALM, users };
}

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadSettings, type SettingsSources } from '../../src/load-settings.ts';
import type { Settings } from '../../src/settings.ts';

/** A temporary folder that stands for the container's root. */
export interface Workspace {
  readonly directory: string;
  readonly path: (name: string) => string;
  readonly write: (name: string, content: string) => Promise<string>;
  /** Loads with the container's well-known paths inside the folder. */
  readonly load: (sources?: Partial<SettingsSources>) => Promise<Settings>;
  /** The same, from the text of a config.yml. */
  readonly loadYaml: (yaml: string, env?: Record<string, string>) => Promise<Settings>;
}

export async function createWorkspace(): Promise<Workspace> {
  const directory = await mkdtemp(join(tmpdir(), 'config-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = (name: string): string => join(directory, name);
  const write = async (name: string, content: string): Promise<string> => {
    await mkdir(dirname(path(name)), { recursive: true });
    await writeFile(path(name), content);
    return path(name);
  };
  const wellKnown = {
    data: path('var/lib/registry'),
    pullSecret: path('pull-secret.json'),
    certificate: path('certs/certs.pem'),
    htpasswd: path('auth/htpasswd'),
  };
  const load = (sources: Partial<SettingsSources> = {}): Promise<Settings> =>
    loadSettings({ wellKnown, ...sources, env: { HOME: directory, ...sources.env } });
  return {
    directory,
    path,
    write,
    load,
    loadYaml: async (yaml, env = {}) => load({ configFile: await write('config.yml', yaml), env }),
  };
}

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface DemoConfig {
  /** Everything the cache writes goes here. */
  readonly folder: string;
  readonly upstreamName: string;
  readonly upstreamUrl: string;
}

/** Writes a `config.yml` as a user would, with its pull secret, and returns its path. */
export async function writeDemoConfig({ folder, upstreamName, upstreamUrl }: DemoConfig): Promise<string> {
  const configFile = join(folder, 'config.yml');
  const pullSecret = join(folder, 'pull-secret.json');
  await writeFile(pullSecret, JSON.stringify({ auths: { [upstreamName]: {} } }));
  const lines = [
    'version: 0.1',
    `pullsecret: ${JSON.stringify(pullSecret)}`,
    `rundir: ${JSON.stringify(join(folder, 'run'))}`,
    'storage:',
    `  filesystem: {rootdirectory: ${JSON.stringify(join(folder, 'data'))}}`,
    'upstreams:',
    `  ${upstreamName}: {url: ${JSON.stringify(upstreamUrl)}}`,
  ];
  await writeFile(configFile, `${lines.join('\n')}\n`);
  return configFile;
}

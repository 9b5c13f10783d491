import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Peer, PeerName, RunningPeer, StartPeerOptions } from '../measure.ts';
import { parseObject } from '../run/bench-tools.ts';
import { REPOSITORY_ROOT } from '../run/repository-root.ts';
import type { TemplateValues } from '../run/template.ts';
import { servePeer, setUpPeer, writeConfiguration } from './peer-setup.ts';

/** This cache, as a checkout runs it. */
export const registryCache: Peer = {
  name: 'registry-cache',
  title: 'registry-cache',
  version,
  start: (options) => startRegistryCache(options, { name: 'registry-cache', template: 'registry-cache.yml' }),
};

export interface RegistryCacheVariant {
  readonly name: PeerName;
  readonly template: string;
  /** What the template names besides what every peer's may. */
  readonly values?: TemplateValues;
  readonly environment?: Readonly<Record<string, string>>;
  /** Each answers 200 once it is up, besides the port of clients. */
  readonly probes?: readonly string[];
}

export async function startRegistryCache(
  options: StartPeerOptions,
  { name, template, values: own = {}, environment = {}, probes = [] }: RegistryCacheVariant,
): Promise<RunningPeer> {
  const { port, values, upstreams, prefix } = await setUpPeer(options);
  const config = await writeConfiguration({
    template,
    file: join(options.directory, 'config.yml'),
    values: { ...values, ...own },
    items: upstreams,
  });
  const program = {
    command: process.execPath,
    args: [join(REPOSITORY_ROOT, 'packages/cli/bin/registry-cache.js'), 'serve', config],
    log: join(options.directory, 'output.log'),
    probes: [`https://127.0.0.1:${port}/v2/`, ...probes],
    environment,
  };
  return servePeer({ name, port, prefix, programs: [program] });
}

async function version(): Promise<string> {
  const description = parseObject(await readFile(join(REPOSITORY_ROOT, 'package.json'), 'utf8'));
  return `${String(Reflect.get(description, 'version'))} on Node.js ${process.versions.node}`;
}

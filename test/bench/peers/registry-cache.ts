import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Peer, RunningPeer, StartPeerOptions } from '../measure.ts';
import { parseObject } from '../run/bench-tools.ts';
import { REPOSITORY_ROOT } from '../run/repository-root.ts';
import { servePeer, setUpPeer, writeConfiguration } from './peer-setup.ts';

/** This cache, as a checkout runs it. */
export const registryCache: Peer = { name: 'registry-cache', title: 'registry-cache', version, start };

async function version(): Promise<string> {
  const description = parseObject(await readFile(join(REPOSITORY_ROOT, 'package.json'), 'utf8'));
  return `${String(Reflect.get(description, 'version'))} on Node.js ${process.versions.node}`;
}

async function start(options: StartPeerOptions): Promise<RunningPeer> {
  const { port, values, upstreams, prefix } = await setUpPeer(options);
  const config = await writeConfiguration({
    template: 'registry-cache.yml',
    file: join(options.directory, 'config.yml'),
    values,
    items: upstreams,
  });
  const program = {
    command: process.execPath,
    args: [join(REPOSITORY_ROOT, 'packages/cli/bin/registry-cache.js'), 'serve', config],
    log: join(options.directory, 'output.log'),
    probes: [`https://127.0.0.1:${port}/v2/`],
  };
  return servePeer({ name: 'registry-cache', port, prefix, programs: [program] });
}

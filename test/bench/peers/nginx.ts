import { join } from 'node:path';
import type { Peer, RunningPeer, StartPeerOptions } from '../measure.ts';
import { findCommand, runProgram } from '../run/programs.ts';
import { servePeer, setUpPeer, writeConfiguration } from './peer-setup.ts';

/** nginx as a cache of what lies at a URL. It knows nothing of registries, and so proves nothing. */
export const nginx: Peer = { name: 'nginx', title: 'nginx', version, start };

async function version(): Promise<string> {
  // It prints on stderr.
  const printed = await runProgram('sh', ['-c', `'${findCommand('nginx')}' -v 2>&1`]);
  return printed.trim().replace(/^.*nginx\//, '');
}

async function start(options: StartPeerOptions): Promise<RunningPeer> {
  const { port, values, upstreams, prefix } = await setUpPeer(options);
  const config = await writeConfiguration({
    template: 'nginx.conf',
    file: join(options.directory, 'nginx.conf'),
    values,
    items: upstreams,
  });
  const program = {
    command: 'nginx',
    args: ['-p', options.directory, '-c', config],
    log: join(options.directory, 'output.log'),
    probes: [`https://127.0.0.1:${port}/v2/`],
  };
  return servePeer({ name: 'nginx', port, prefix, programs: [program] });
}

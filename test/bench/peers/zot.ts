import { join } from 'node:path';
import type { Peer, RunningPeer, StartPeerOptions } from '../measure.ts';
import { findCommand, runProgram } from '../run/programs.ts';
import { servePeer, setUpPeer, writeConfiguration } from './peer-setup.ts';

/** zot, which copies an image from its upstream when it is first asked for. */
export const zot: Peer = { name: 'zot', title: 'zot', version, start };

async function version(): Promise<string> {
  // The program says nothing of itself unless its build was told what to say.
  const modules = await runProgram('go', ['version', '-m', findCommand('zot')]);
  return /\szotregistry\.(?:io|dev)\/zot\s+(v[\d.]+)/.exec(modules)?.[1] ?? 'of unknown version';
}

async function start(options: StartPeerOptions): Promise<RunningPeer> {
  if ((options.upstreams ?? 1) > 1) throw new Error('zot is measured with one upstream only');
  const { port, values } = await setUpPeer(options);
  const config = await writeConfiguration({
    template: 'zot.json',
    file: join(options.directory, 'config.json'),
    values,
  });
  const program = {
    command: 'zot',
    args: ['serve', config],
    log: join(options.directory, 'output.log'),
    probes: [`https://127.0.0.1:${port}/v2/`],
  };
  return servePeer({ name: 'zot', port, prefix: '', programs: [program] });
}

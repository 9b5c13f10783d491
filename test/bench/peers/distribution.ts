import { join } from 'node:path';
import { findFreePort } from '../../support/free-port.ts';
import type { Peer, RunningPeer, StartPeerOptions } from '../measure.ts';
import { runProgram, type Program } from '../run/programs.ts';
import { servePeer, setUpPeer, writeConfiguration, type PeerSetup } from './peer-setup.ts';

/** distribution's own pull-through mode, which is one process for one upstream. */
export const distribution: Peer = { name: 'distribution', title: 'distribution v3', version, start };

async function version(): Promise<string> {
  return (await runProgram('registry', ['--version'])).trim().replace(/^.* /, '');
}

async function start(options: StartPeerOptions): Promise<RunningPeer> {
  const setup = await setUpPeer(options);
  const programs = await Promise.all(setup.upstreams.map((_, index) => configure(options, setup, index)));
  return servePeer({ name: 'distribution', port: setup.port, prefix: '', programs });
}

async function configure(options: StartPeerOptions, setup: PeerSetup, index: number): Promise<Program> {
  const port = index === 0 ? setup.port : await findFreePort();
  const config = await writeConfiguration({
    template: 'distribution.yml',
    file: join(options.directory, `config-${index + 1}.yml`),
    values: { ...setup.values, PORT: port, DATA: join(options.directory, `data/${index + 1}`) },
  });
  return {
    command: 'registry',
    args: ['serve', config],
    log: join(options.directory, `output-${index + 1}.log`),
    probes: [`https://127.0.0.1:${port}/v2/`],
    // It would look for a collector of traces on this machine.
    environment: { OTEL_TRACES_EXPORTER: 'none' },
  };
}

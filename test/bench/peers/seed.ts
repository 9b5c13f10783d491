import { join } from 'node:path';
import { findFreePort } from '../../support/free-port.ts';
import type { Peer, RunningPeer, StartPeerOptions } from '../measure.ts';
import { findCommand, runProgram } from '../run/programs.ts';
import type { TemplateValues } from '../run/template.ts';
import { PEERS_FOLDER, servePeer, setUpPeer, writeConfiguration } from './peer-setup.ts';

/** What this project began as: haproxy in front of one docker-registry for each upstream, and supervisord around all. */
export const seed: Peer = { name: 'seed', title: 'seed', version, start };

async function version(): Promise<string> {
  const haproxy = /version (\d[\d.]*)/.exec(await runProgram('haproxy', ['-v']))?.[1];
  const registry = (await runProgram('docker-registry', ['--version'])).trim().replace(/^.* /, '');
  return `haproxy ${haproxy ?? 'of unknown version'}, docker-registry ${registry}`;
}

async function start(options: StartPeerOptions): Promise<RunningPeer> {
  const { port, values: common, upstreams: named, prefix } = await setUpPeer(options);
  const upstreams = await Promise.all(
    named.map(async (each) => ({ ...each, REGISTRY_PORT: await findFreePort() })),
  );
  const values = {
    ...common,
    SYSLOG_PORT: await findFreePort(),
    BESIDES: String(options.serversOnly !== true),
    SCRIPTS: join(PEERS_FOLDER, 'seed'),
    HAPROXY: findCommand('haproxy'),
    RSYSLOGD: findCommand('rsyslogd'),
    REGISTRY: findCommand('docker-registry'),
  };
  await writeConfigurations(options.directory, values, upstreams);
  const program = {
    command: 'supervisord',
    args: ['-c', join(options.directory, 'supervisord.conf')],
    log: join(options.directory, 'output.log'),
    probes: named.map(({ UPSTREAM }) => `https://127.0.0.1:${port}/v2/${UPSTREAM}/`),
  };
  return servePeer({ name: 'seed', port, prefix, programs: [program] });
}

async function writeConfigurations(
  directory: string,
  values: TemplateValues,
  upstreams: readonly TemplateValues[],
): Promise<void> {
  for (const name of ['haproxy.cfg', 'rsyslog.conf', 'supervisord.conf']) {
    await writeConfiguration({
      template: `seed/${name}`,
      file: join(directory, name),
      values,
      items: upstreams,
    });
  }
  for (const upstream of upstreams) {
    await writeConfiguration({
      template: 'seed/registry.yml',
      file: join(directory, `registry-${upstream['NUMBER']}.yml`),
      values: { ...values, ...upstream },
    });
  }
}

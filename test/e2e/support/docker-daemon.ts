import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startInBackground } from './background-process.ts';
import { attempt, run, type RunResult } from './run.ts';

/** A docker daemon of its own, which pulls and runs nothing. It takes any certificate of a registry on loopback. */
export interface DockerDaemon {
  /** @throws with what docker printed, where it fails */
  docker(...args: readonly string[]): Promise<RunResult>;
  attemptDocker(...args: readonly string[]): Promise<RunResult>;
  close(): Promise<void>;
}

export async function startDockerDaemon(): Promise<DockerDaemon> {
  // Sockets lie below it, and a socket's path has at most 107 bytes.
  const folder = await mkdtemp(join(tmpdir(), 'docker-e2e-'));
  // Not this machine's, should it have one.
  await writeFile(join(folder, 'daemon.json'), '{}');
  const socket = `unix://${join(folder, 'docker.sock')}`;
  const flags = ['--config', join(folder, 'config'), '--host', socket];
  const daemon = await startInBackground({
    command: 'dockerd',
    args: [
      '--host',
      socket,
      '--data-root',
      join(folder, 'data'),
      '--exec-root',
      join(folder, 'exec'),
      '--pidfile',
      join(folder, 'pid'),
      '--config-file',
      join(folder, 'daemon.json'),
      // What needs a kernel's help, or a network, has no part in a pull.
      '--storage-driver',
      'vfs',
      '--bridge',
      'none',
      '--iptables=false',
      '--ip6tables=false',
    ],
    outputPath: join(folder, 'dockerd.log'),
    isReady: async () => (await attempt('docker', [...flags, 'version'])).exitCode === 0,
  });
  return {
    docker: (...args) => run('docker', [...flags, ...args]),
    attemptDocker: (...args) => attempt('docker', [...flags, ...args]),
    close: async () => {
      await daemon.stop();
      await rm(folder, { recursive: true });
    },
  };
}

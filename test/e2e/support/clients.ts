import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Installation } from './installation.ts';
import { attempt, run, type RunResult } from './run.ts';
import type { RunningCache } from './running-cache.ts';

/** A machine that pulls: its own storage, credentials and trust, and nothing of this machine's. */
export interface ClientMachine {
  podman(...args: readonly string[]): Promise<RunResult>;
  /** For what is expected to fail. */
  attemptPodman(...args: readonly string[]): Promise<RunResult>;
  skopeo(...args: readonly string[]): Promise<RunResult>;
  buildah(...args: readonly string[]): Promise<RunResult>;
  crane(...args: readonly string[]): Promise<RunResult>;
  /** Logs in to the cache with podman and crane. */
  login(): Promise<void>;
  /** `--authfile` and `--cert-dir` for podman, buildah and skopeo where they pull. */
  readonly pullFlags: readonly string[];
  readonly folder: string;
}

export interface ClientMachineOptions {
  readonly cache: Pick<RunningCache, 'address'> & {
    readonly installation: Pick<Installation, 'root' | 'clientCertFolder' | 'username' | 'password'>;
  };
  /** Text of registries.conf; a machine that knows no mirrors unless given. */
  readonly registriesConf?: string;
}

export async function createClientMachine(options: ClientMachineOptions): Promise<ClientMachine> {
  const { cache, registriesConf = '' } = options;
  const { root, clientCertFolder, username, password } = cache.installation;
  const folder = await mkdtemp(join(root, 'client-'));
  const authFile = join(folder, 'auth.json');
  const registries = join(folder, 'registries.conf');
  await writeFile(registries, registriesConf);
  await writeFile(authFile, '{}');
  await mkdir(join(folder, 'docker'));

  const storage = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run')];
  const vfs = ['--storage-driver', 'vfs'];
  const env = {
    CONTAINERS_REGISTRIES_CONF: registries,
    REGISTRY_AUTH_FILE: authFile,
    DOCKER_CONFIG: join(folder, 'docker'),
    SSL_CERT_FILE: join(clientCertFolder, 'ca.crt'),
  };
  const podmanArgs = (args: readonly string[]): string[] => [...storage, ...vfs, ...args];

  const machine: ClientMachine = {
    folder,
    pullFlags: ['--authfile', authFile, '--cert-dir', clientCertFolder],
    podman: (...args) => run('podman', podmanArgs(args), { env }),
    attemptPodman: (...args) => attempt('podman', podmanArgs(args), { env }),
    buildah: (...args) => run('buildah', podmanArgs(args), { env }),
    skopeo: (...args) => run('skopeo', args, { env }),
    crane: (...args) => run('crane', args, { env }),
    login: async () => {
      const user = ['--username', username, '--password', password];
      const files = ['--authfile', authFile, '--cert-dir', clientCertFolder];
      await machine.podman('login', ...user, ...files, cache.address);
      await machine.crane('auth', 'login', ...user, cache.address);
    },
  };
  return machine;
}

/** The digest of the manifest in a folder written by `skopeo copy … dir:`. */
export async function digestOfCopy(folder: string): Promise<string> {
  const manifest = await readFile(join(folder, 'manifest.json'));
  return `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
}

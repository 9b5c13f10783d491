import { inject } from 'vitest';
import { waitFor } from './background-process.ts';
import { findFreePort } from '../../support/free-port.ts';
import type { Installation } from './installation.ts';
import { isServing, type RunningCache } from './running-cache.ts';
import { attempt, run } from './run.ts';

/** The command of the README's "Deployment", word for word. */
export const RUN_COMMAND: string = `podman run -d --name registry-cache \\
  -v /opt/registry/pull-secret.json:/pull-secret.json \\
  -v /opt/registry/data:/var/lib/registry:z \\
  -e CLEANER_MAXSIZE=10G \\
  -e CLEANER_THRESHOLD_PERCENTAGE=20 \\
  -e CLEANER_RUNEVERY_TIME=30m \\
  -v /opt/registry/certs:/certs:z \\
  -v /opt/registry/auth:/auth:z \\
  -e "REGISTRY_AUTH=htpasswd" \\
  -e "REGISTRY_AUTH_HTPASSWD_REALM=Registry Realm" \\
  -e REGISTRY_AUTH_HTPASSWD_PATH=/auth/htpasswd \\
  -p 8443:8443 \\
  localhost/registry-cache`;

export interface RunningContainer extends RunningCache {
  /** As podman knows it. */
  readonly name: string;
  /** Runs a command inside, as whom the container was started, and resolves with what it printed. */
  exec(...command: readonly string[]): Promise<string>;
  /** Runs the image's health check. */
  isHealthy(): Promise<boolean>;
}

export interface ContainerOptions {
  readonly installation: Installation;
  /** Further options of `podman run`. */
  readonly flags?: readonly string[];
  /** Whether config.yml is mounted and named, which only the stand-ins of public registries make necessary. */
  readonly withConfigFile?: boolean;
}

/** Runs the image by the README's command. */
export async function startCacheContainer(options: ContainerOptions): Promise<RunningContainer> {
  const { installation, flags = [], withConfigFile = true } = options;
  const { root, configFile } = installation;
  const port = await findFreePort();
  const name = `registry-cache-e2e-${String(port)}`;
  const mounted = withConfigFile ? [`-v ${configFile}:/config.yml`] : [];
  const command = [
    RUN_COMMAND.replaceAll('/opt/registry', root)
      .replace('--name registry-cache', [`--name ${name}`, ...flags, ...mounted].join(' '))
      .replace('8443:8443', `127.0.0.1:${String(port)}:8443`)
      .replace('localhost/registry-cache', inject('image')),
    ...(withConfigFile ? ['serve', '/config.yml'] : []),
  ].join(' ');
  await run('sh', ['-c', command]);

  const logs = async (): Promise<string> => {
    const { stdout, stderr } = await run('podman', ['logs', name]);
    return stdout + stderr;
  };
  const close = async (): Promise<void> => {
    await attempt('podman', ['rm', '--force', '--volumes', name]);
  };
  try {
    await waitFor('the container to serve', () => isServing(port, installation));
  } catch (cause) {
    const printed = await logs();
    await close();
    throw new Error(printed, { cause });
  }
  return {
    name,
    installation,
    address: `localhost:${String(port)}`,
    logs,
    exec: async (...args) => (await run('podman', ['exec', name, ...args])).stdout,
    isHealthy: async () => (await attempt('podman', ['healthcheck', 'run', name])).exitCode === 0,
    stop: async () => {
      await run('podman', ['stop', name]);
      return Number((await run('podman', ['wait', name])).stdout);
    },
    close,
  };
}

/** An address of this machine that containers reach too: the bridge's, which is there as long as a container is. */
export async function openBridge(): Promise<{ readonly address: string; close(): Promise<void> }> {
  const flags = ['--detach', '--rm', '--entrypoint', 'sleep'];
  const { stdout } = await run('podman', ['run', ...flags, inject('image'), 'infinity']);
  const gateway = '{{(index .Subnets 0).Gateway}}';
  const inspected = await run('podman', ['network', 'inspect', 'podman', '--format', gateway]);
  return {
    address: inspected.stdout.trim(),
    close: async () => {
      await run('podman', ['rm', '--force', '--time', '0', stdout.trim()]);
    },
  };
}

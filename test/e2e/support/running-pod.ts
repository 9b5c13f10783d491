import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { waitFor } from './background-process.ts';
import { findFreePort } from '../../support/free-port.ts';
import type { Installation } from './installation.ts';
import { isServing, type RunningCache } from './running-cache.ts';
import { attempt, run } from './run.ts';

const DEPLOYMENT = join(import.meta.dirname, '../../../deployment.yaml');

/** Plays the project's deployment.yaml, with this test's folders, port and image in place of the host's. */
export async function startCachePod(installation: Installation): Promise<RunningCache> {
  const port = await findFreePort();
  const config: unknown = JSON.parse(await readFile(installation.configFile, 'utf8'));
  const manifest = substitute(await readFile(DEPLOYMENT, 'utf8'), {
    '/opt/registry/': `${installation.root}/`,
    'localhost/registry-cache:latest': inject('image'),
    'hostPort: 8443': `hostPort: ${String(port)}`,
    'upstreams: {}': `upstreams: ${JSON.stringify(upstreamsOf(config))}`,
  });
  const file = join(installation.root, 'deployment.yaml');
  await writeFile(file, manifest);
  await run('podman', ['play', 'kube', file]);

  const container = 'registry-cache-cache';
  const logs = async (): Promise<string> => {
    const { stdout, stderr } = await run('podman', ['logs', container]);
    return stdout + stderr;
  };
  const close = async (): Promise<void> => {
    if ((await attempt('podman', ['pod', 'exists', 'registry-cache'])).exitCode === 0) {
      await run('podman', ['play', 'kube', file, '--down']);
    }
  };
  try {
    await waitFor('the pod to serve', () => isServing(port, installation));
  } catch (cause) {
    const printed = await logs();
    await close();
    throw new Error(printed, { cause });
  }
  return {
    installation,
    address: `localhost:${String(port)}`,
    logs,
    stop: async () => {
      await run('podman', ['pod', 'stop', 'registry-cache']);
      const { stdout } = await run('podman', ['inspect', '--format', '{{.State.ExitCode}}', container]);
      await run('podman', ['play', 'kube', file, '--down']);
      return Number(stdout);
    },
    close,
  };
}

/** @throws where the manifest does not contain what is to be replaced, as it would then be another one that is tried */
function substitute(text: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((current, [from, to]) => {
    if (!current.includes(from)) throw new Error(`deployment.yaml has no ${from}`);
    return current.replaceAll(from, to);
  }, text);
}

function upstreamsOf(config: unknown): unknown {
  return typeof config === 'object' && config !== null && 'upstreams' in config ? config.upstreams : {};
}

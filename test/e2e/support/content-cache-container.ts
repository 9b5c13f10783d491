import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { findFreePort } from '../../support/free-port.ts';
import { waitFor } from './background-process.ts';
import type { ContentCacheScene } from './content-cache-scene.ts';
import { answers } from './http-get.ts';
import { attempt, run, type RunResult } from './run.ts';
import type { Upstream } from './upstream.ts';

/** What an operator has for one of the predecessors. */
export interface Predecessor {
  /** Among the configurations of predecessors. */
  readonly config: string;
  readonly containerPort: number;
  readonly scheme: 'http' | 'https';
  /** Where the container finds the origin's authority, and the cache's own certificate if it has one. */
  readonly mounts: (scene: ContentCacheScene) => readonly string[];
}

const CONFIGS = new URL('../../../packages/config/test/fixtures/content-cache/', import.meta.url);

const SWARM = {
  containerPort: 443,
  scheme: 'https',
  mounts: ({ secretsFolder }: ContentCacheScene) => [`${secretsFolder}:/run/secrets:ro`],
} as const;

export const MSR_2_8: Predecessor = { ...SWARM, config: 'msr.yml' };
export const DTR_2_6: Predecessor = { ...SWARM, config: 'dtr.yml' };
export const DTR_ORIGINHOST: Predecessor = {
  config: 'dtr-originhost.yml',
  containerPort: 5000,
  scheme: 'http',
  mounts: ({ secretsFolder }) => [`${join(secretsFolder, 'dtr.cert.pem')}:/certs/dtr-ca.pem`],
};

export interface ContentCacheOptions {
  readonly scene: ContentCacheScene;
  readonly predecessor: Predecessor;
  readonly origin: Upstream;
  /** The container's entry point and arguments; the image's entry point and `/config.yml` unless told. */
  readonly entrypoint?: readonly string[];
  /** Further options of `podman run`. */
  readonly flags?: readonly string[];
  /** What becomes of the text of config.yml; nothing but host names and ports unless told. */
  readonly edit?: (config: string) => string;
}

export interface ContentCacheContainer {
  readonly address: string;
  logs(): Promise<string>;
  exec(...command: readonly string[]): Promise<string>;
  isHealthy(): Promise<boolean>;
  close(): Promise<void>;
}

/** Starts the image as the predecessor's was, and waits until it serves. */
export async function startContentCacheContainer(
  options: ContentCacheOptions,
): Promise<ContentCacheContainer> {
  const { scene, predecessor, entrypoint } = options;
  const port = await findFreePort();
  const address = `localhost:${String(port)}`;
  const name = `content-cache-e2e-${String(port)}`;
  const published = `127.0.0.1:${String(port)}:${String(predecessor.containerPort)}`;
  const flags = ['--detach', '--name', name, '--publish', published, ...(await runFlags(options, address))];
  const started =
    entrypoint === undefined
      ? [inject('image'), '/config.yml']
      : ['--entrypoint', JSON.stringify(entrypoint), inject('image')];
  await run('podman', ['run', ...flags, ...started]);

  const logs = async (): Promise<string> => {
    const { stdout, stderr } = await run('podman', ['logs', name]);
    return stdout + stderr;
  };
  const close = async (): Promise<void> => {
    await attempt('podman', ['rm', '--force', '--volumes', name]);
  };
  try {
    const url = `${predecessor.scheme}://${address}/readyz`;
    await waitFor('the container to serve', () => answers(url, [200], { ca: scene.ca }));
  } catch (cause) {
    const printed = await logs();
    await close();
    throw new Error(printed, { cause });
  }
  return {
    address,
    logs,
    exec: async (...command) => (await run('podman', ['exec', name, ...command])).stdout,
    isHealthy: async () => (await attempt('podman', ['healthcheck', 'run', name])).exitCode === 0,
    close,
  };
}

/** Runs the image where it is expected to end by itself, and ends it after a minute if it does not. */
export async function attemptContentCacheContainer(options: ContentCacheOptions): Promise<RunResult> {
  const flags = ['--rm', '--timeout=60', ...(await runFlags(options, 'localhost'))];
  return attempt('podman', ['run', ...flags, inject('image'), '/config.yml']);
}

async function runFlags(options: ContentCacheOptions, address: string): Promise<string[]> {
  const { scene, predecessor, flags = [] } = options;
  const mounts = [`${await writeConfig(options, address)}:/config.yml`, ...predecessor.mounts(scene)];
  return [...mounts.flatMap((mount) => ['--volume', mount]), ...flags];
}

async function writeConfig(
  { scene, predecessor, origin, edit = (config) => config }: ContentCacheOptions,
  address: string,
): Promise<string> {
  const template = await readFile(new URL(predecessor.config, CONFIGS), 'utf8');
  const config = template
    .replace('cache.example.com', address)
    .replace(/(?:dtr|msr)\.example\.com(?::\d+)?/u, origin.address);
  const file = join(await mkdtemp(join(scene.root, 'config-')), 'config.yml');
  await writeFile(file, edit(config));
  await chmod(file, 0o444);
  return file;
}

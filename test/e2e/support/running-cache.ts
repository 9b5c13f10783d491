import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startInBackground } from './background-process.ts';
import { findFreePort } from '../../support/free-port.ts';
import { answers } from './http-get.ts';
import type { Installation } from './installation.ts';

/** The cache under test, however it was started. */
export interface RunningCache {
  readonly installation: Installation;
  /** `localhost:<port>` */
  readonly address: string;
  logs(): Promise<string>;
  /** Stops it as its operator would and resolves with its exit code. */
  stop(): Promise<number>;
  /** Leaves nothing of it, stopped before or not. */
  close(): Promise<void>;
}

export interface CacheProcess extends RunningCache {
  /** Of the supervisor. */
  readonly pid: number;
}

/** As every client asks before it pulls. */
export function isServing(port: number, installation: Installation): Promise<boolean> {
  return answers(`https://localhost:${String(port)}/readyz`, [200], { ca: installation.ca });
}

/** `registry-cache` of the checkout. */
export const COMMAND = new URL('../../../packages/cli/bin/registry-cache.js', import.meta.url).pathname;

/** `registry-cache serve config.yml` of the checkout, configured by environment as the container is. */
export function startCacheProcess(installation: Installation): Promise<CacheProcess> {
  const { root } = installation;
  return start(installation, {
    configFile: installation.configFile,
    dataFolder: join(root, 'data'),
    env: {
      REGISTRY_AUTH: 'htpasswd',
      REGISTRY_AUTH_HTPASSWD_PATH: join(root, 'auth/htpasswd'),
      PULLSECRETPATH: installation.pullSecretFile,
    },
  });
}

/** One that knows no users and no credentials of its own: its upstreams do. */
export async function startCacheWithoutUsers(
  installation: Installation,
  { name, config }: { readonly name: string; readonly config: unknown },
): Promise<CacheProcess> {
  const configFile = join(installation.root, `${name}.yml`);
  await writeFile(configFile, JSON.stringify(config));
  return start(installation, { configFile, dataFolder: join(installation.root, `${name}-data`), env: {} });
}

interface StartOptions {
  readonly configFile: string;
  readonly dataFolder: string;
  readonly env: Readonly<Record<string, string>>;
}

async function start(
  installation: Installation,
  { configFile, dataFolder, env }: StartOptions,
): Promise<CacheProcess> {
  const port = await findFreePort();
  const cache = await startInBackground({
    command: process.execPath,
    args: [COMMAND, 'serve', configFile],
    outputPath: join(installation.root, 'cache.log'),
    env: {
      REGISTRY_HTTP_ADDR: `127.0.0.1:${String(port)}`,
      REGISTRY_HTTP_TLS_CERTIFICATE: join(installation.root, 'certs/certs.pem'),
      REGISTRYDIR: dataFolder,
      ...env,
    },
    isReady: () => isServing(port, installation),
  });
  return {
    pid: cache.pid,
    installation,
    address: `localhost:${String(port)}`,
    logs: () => cache.output(),
    stop: () => cache.stop(),
    close: async () => {
      await cache.stop();
    },
  };
}

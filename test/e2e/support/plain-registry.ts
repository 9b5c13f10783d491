import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startInBackground } from './background-process.ts';
import { findFreePort } from '../../support/free-port.ts';
import { answers } from './http-get.ts';
import type { Upstream } from './upstream.ts';

export interface PlainRegistry {
  readonly address: string;
  close(): Promise<void>;
}

export interface PlainRegistryOptions {
  readonly folder: string;
  readonly dataFolder: string;
  /** Makes it a pull-through cache of that registry, as each registry of a registry-cache container used to be. */
  readonly proxyOf?: Upstream;
}

/** Debian's docker-registry without users, over a folder of somebody else. */
export async function startPlainRegistry(options: PlainRegistryOptions): Promise<PlainRegistry> {
  const { folder, dataFolder, proxyOf } = options;
  await mkdir(folder, { recursive: true });
  const address = `127.0.0.1:${String(await findFreePort())}`;
  const config = join(folder, 'config.yml');
  const proxy = proxyOf && {
    remoteurl: proxyOf.url,
    username: proxyOf.username,
    password: proxyOf.password,
  };
  await writeFile(
    config,
    JSON.stringify({
      version: 0.1,
      storage: { filesystem: { rootdirectory: dataFolder } },
      http: { addr: address, secret: 'e2e' },
      proxy,
    }),
  );
  const server = await startInBackground({
    command: 'docker-registry',
    args: ['serve', config],
    outputPath: join(folder, 'output.log'),
    isReady: () => answers(`http://${address}/v2/`, [200]),
  });
  return {
    address,
    close: async () => {
      await server.stop();
    },
  };
}

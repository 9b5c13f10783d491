import { prepareCache, startPrepared, type CacheOptions } from '../support/cache/start-cache.ts';
import type { RunningCache } from '../support/cache/running-cache.ts';
import { createLoginClient, type Login, type LoginClient } from '../support/client/login-client.ts';
import { createRegistryClient, type RegistryClient } from '../support/client/registry-client.ts';

/** One cache that is started again and again, on the same port and the same files. */
export interface CacheHost {
  /** The one that runs, or ran last. */
  readonly cache: RunningCache;
  /** SIGTERM, and another start. @throws where either does not work */
  restart(): Promise<void>;
  /** `kill -9` of the supervisor, and another start. */
  crash(): Promise<void>;
  /** The caller closes it. */
  client(auth?: string): RegistryClient;
  /** One that asks the cache for tokens. The caller closes it. */
  loginClient(login?: Login): LoginClient;
  /** Everything that all of them logged. */
  logText(): string;
  close(): Promise<void>;
}

export async function startCacheHost(options: CacheOptions): Promise<CacheHost> {
  const prepared = await prepareCache(options);
  const logs: RunningCache['log'][] = [];
  const start = async (): Promise<RunningCache> => {
    const started = await startPrepared(prepared);
    logs.push(started.log);
    return started;
  };
  let cache = await start();
  return {
    get cache() {
      return cache;
    },
    async restart() {
      await cache.stop();
      cache = await start();
    },
    async crash() {
      process.kill(cache.pid, 'SIGKILL');
      await cache.exited();
      cache = await start();
    },
    client: (auth) =>
      createRegistryClient({
        origin: cache.origin,
        ca: cache.ca.certificate,
        ...(auth === undefined ? {} : { auth }),
      }),
    loginClient: (login) => createLoginClient({ origin: cache.origin, ca: cache.ca.certificate }, login),
    logText: () => logs.map((log) => log.text()).join('\n'),
    close: () => cache.close(),
  };
}

import { createCertificateAuthority, type CertificateAuthority } from '../certificates.ts';
import { eventually } from '../eventually.ts';
import { findFreePort } from '../free-port.ts';
import { cacheConfig, type CacheConfig } from './cache-config.ts';
import { createCacheFolder, type Auths } from './cache-folder.ts';
import { collectLogLines } from './log-lines.ts';
import { createRunningCache, type RunningCache } from './running-cache.ts';
import { spawnCommand, type CommandProcess } from './run-command.ts';

export interface CacheOptions extends CacheConfig {
  /** Issues the cache's certificate and is trusted for its upstreams; an own one unless told. */
  readonly ca?: CertificateAuthority;
  /** `auths` of the pull secret; none unless told. */
  readonly pullSecret?: Auths;
  /** The authority is trusted for upstreams without `cas` too, as one of the system's. */
  readonly trustedBySystem?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** Resolves when the cache serves. The caller closes it. */
export async function startCache(options: CacheOptions): Promise<RunningCache> {
  return startPrepared(await prepareCache(options));
}

/** The files of a cache, from which it is started once or again and again. */
export interface PreparedCache extends Pick<RunningCache, 'ca' | 'folder' | 'port'> {
  readonly config: CacheConfig;
  readonly env: Readonly<Record<string, string>>;
}

/** Whoever starts the cache has the files removed when it closes it. */
export async function prepareCache(options: CacheOptions): Promise<PreparedCache> {
  const ca = options.ca ?? (await createCertificateAuthority());
  const folder = await createCacheFolder(ca.certificate);
  const port = await findFreePort();
  await folder.writeCertificate(await ca.issue());
  await folder.writePullSecret(options.pullSecret ?? {});
  if (options.htpasswd !== undefined) await folder.writeHtpasswd(options.htpasswd);
  await folder.writeConfig(cacheConfig(options, folder, port));
  const env = {
    ...(options.trustedBySystem === true ? { NODE_EXTRA_CA_CERTS: folder.caFile } : {}),
    ...options.env,
  };
  return { config: options, ca, folder, port, env };
}

/** Resolves when the cache serves. The caller closes it, or stops it and starts it from the same files again. */
export async function startPrepared(prepared: PreparedCache): Promise<RunningCache> {
  const { folder, env } = prepared;
  const command = spawnCommand(['serve', folder.configFile], env, folder.root);
  const log = collectLogLines(command.stdout, command.stderr);
  const cache = createRunningCache({ ...prepared, command, log });
  try {
    await untilReady(cache, command);
  } catch (err) {
    await cache.close();
    throw new Error(`the cache did not start:\n${log.text()}`, { cause: err });
  }
  return cache;
}

async function untilReady(cache: RunningCache, command: CommandProcess): Promise<void> {
  const client = cache.client();
  await eventually('/readyz answers 200', async () => {
    if (command.exitCode !== null) throw new Error(`the command ended with exit code ${command.exitCode}`);
    try {
      return (await client.get('/readyz')).status === 200;
    } catch (err) {
      if (err instanceof Error && 'code' in err && err.code === 'ECONNREFUSED') return false;
      throw err;
    }
  });
}

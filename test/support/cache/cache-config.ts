import type { CacheFolder } from './cache-folder.ts';

/** What of a cache's configuration a test chooses. */
export interface CacheConfig {
  /** By upstream name. */
  readonly upstreams: Readonly<Record<string, UpstreamEntry>>;
  /** Makes clients log in: the text of an htpasswd file. */
  readonly htpasswd?: string;
  /** Further top-level keys of config.yml, over those that this writes. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface UpstreamEntry {
  readonly url: string;
  readonly tagttl?: string;
  readonly default?: boolean;
  readonly authorization?: 'cache' | 'origin';
  /** Origins of other caches that are asked for blobs first. */
  readonly caches?: readonly string[];
  /** The authority of the test's certificates unless told. */
  readonly cas?: readonly string[];
}

/** The document of config.yml. */
export function cacheConfig(options: CacheConfig, folder: CacheFolder, port: number): object {
  const upstreams = Object.entries(options.upstreams).map(([name, entry]) => [
    name,
    { cas: [folder.caFile], ...entry },
  ]);
  return {
    version: 0.1,
    rundir: folder.run,
    pullsecret: folder.pullSecretFile,
    storage: { filesystem: { rootdirectory: folder.data } },
    http: {
      addr: `127.0.0.1:${port}`,
      // What clients see is the same on all machines: some of it is counted for each process.
      processes: 1,
      tls: { certificate: folder.certificateFile, key: folder.keyFile },
    },
    ...(options.htpasswd === undefined
      ? {}
      : { auth: { htpasswd: { realm: 'test cache', path: folder.htpasswdFile } } }),
    upstreams: Object.fromEntries(upstreams),
    ...options.config,
  };
}

import type { Settings, UpstreamSettings } from '@registry-cache/config';
import { join } from 'node:path';
import type { CacheIdentity } from '../../src/cache-identity.ts';

export const SOME_IDENTITY: CacheIdentity = {
  pseudonym: 'registry-cache-1',
  tokenSecret: 'sealed',
  version: '1.2.3',
};

export function settingsIn(folder: string, changes: Partial<Settings> = {}): Settings {
  return {
    log: { level: 'debug' },
    http: { host: '127.0.0.1', port: 8443, drainTimeoutMs: 10_000 },
    proxyProcesses: 1,
    storage: { rootDirectory: join(folder, 'data') },
    runDirectory: join(folder, 'run'),
    upstreams: [upstream('quay.io'), upstream('docker.io')],
    authorizationTtlMs: 60_000,
    outboundProxy: {},
    workers: { idleTimeoutMs: 0 },
    fills: { abandonBelowPercent: 0, maxSizeBytes: 1000 },
    cleaner: { maxSizeBytes: 1000, thresholdPercentage: 20, runEveryMs: 60_000, pins: [] },
    warm: { rules: [], concurrency: 2 },
    notifications: [],
    watchedFiles: [],
    warnings: [],
    ...changes,
  };
}

export function upstream(name: string, changes: Partial<UpstreamSettings> = {}): UpstreamSettings {
  return {
    name: name as UpstreamSettings['name'],
    url: `https://${name}`,
    default: false,
    authorization: 'cache',
    caches: [],
    cas: [],
    tagTtlMs: 60_000,
    tokenHosts: [],
    maxConnections: 64,
    credentials: [],
    ...changes,
  };
}

export function withPassword(name: string, password: string): UpstreamSettings {
  const credential = { kind: 'basic', username: 'user', password } as const;
  return upstream(name, { credentials: [{ repositoryPrefix: '', credential }] });
}

import { createHash } from 'node:crypto';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from './environment.ts';
import { isPresent } from './text-file.ts';

/** Files and folders that are used without being asked for, where they exist. */
export interface WellKnownPaths {
  readonly data: string;
  readonly pullSecret: string;
  /** Certificate, intermediates and key in one file. */
  readonly certificate: string;
  readonly htpasswd: string;
}

/** Where the container has them. */
export const WELL_KNOWN_PATHS: WellKnownPaths = {
  data: '/var/lib/registry',
  pullSecret: '/pull-secret.json',
  certificate: '/certs/certs.pem',
  htpasswd: '/auth/htpasswd',
};

/** Anonymous upstreams of a cache that was told of none. */
export const WELL_KNOWN_UPSTREAMS: readonly string[] = [
  'docker.io',
  'gcr.io',
  'ghcr.io',
  'mcr.microsoft.com',
  'public.ecr.aws',
  'quay.io',
  'registry.access.redhat.com',
  'registry.k8s.io',
];

export const DEFAULT_PORT = 8443;
export const DEFAULT_DRAIN_TIMEOUT_MS = 30_000;
export const DEFAULT_TAG_TTL_MS = 60_000;
export const DEFAULT_AUTHORIZATION_TTL_MS = 60_000;
/** `http.secret` of the sample configurations of DTR and MSR. */
export const PLACEHOLDER_SECRET = 'generate-random-secret';
export const DEFAULT_MAX_CONNECTIONS = 64;
export const DEFAULT_REALM = 'Registry Realm';
export const DEFAULT_ABANDON_BELOW_PERCENT = 0;
/** Several times the largest layers there are: those of models reach 20 GB. */
export const DEFAULT_MAX_FILL_BYTES: number = 100 * 1024 ** 3;
export const DEFAULT_MAX_SIZE_BYTES: number = 10 * 1024 ** 3;
export const DEFAULT_THRESHOLD_PERCENTAGE = 20;
export const DEFAULT_RUN_EVERY_MS: number = 30 * 60 * 1000;
export const DEFAULT_IDLE_TIMEOUT_MS: number = 10 * 60 * 1000;
export const DEFAULT_WARM_INTERVAL_MS: number = 6 * 60 * 60 * 1000;
export const DEFAULT_WARM_CONCURRENCY = 2;
// distribution's own.
export const DEFAULT_NOTIFICATION_TIMEOUT_MS = 1000;
export const DEFAULT_NOTIFICATION_BACKOFF_MS = 1000;
export const DEFAULT_NOTIFICATION_THRESHOLD = 10;

/** The container's data folder where there is one, else a folder under the user's cache directory. */
export async function defaultDataDirectory(env: Environment, wellKnown: WellKnownPaths): Promise<string> {
  if (await isPresent(wellKnown.data)) return wellKnown.data;
  const cache = env['XDG_CACHE_HOME'] || join(env['HOME'] || homeOfUser(), '.cache');
  return join(cache, 'registry-cache');
}

/** A user id that the system does not know, as a container may run with, has no home. */
function homeOfUser(): string {
  try {
    return homedir();
  } catch {
    return join(tmpdir(), `registry-cache-data-${process.getuid?.() ?? 0}`);
  }
}

/** Caches of one user over different data get different folders, so that they do not answer on each other's sockets. */
export async function defaultRunDirectory(env: Environment, dataDirectory: string): Promise<string> {
  const runtime = env['XDG_RUNTIME_DIR'];
  const parent = runtime && (await isPresent(runtime)) ? runtime : tmpdir();
  const hash = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 8);
  return join(parent, `registry-cache-${process.getuid?.() ?? 0}-${hash}`);
}

/** Whether these are two users' names of a default run directory, over one folder of data. */
export function isRunDirectoryOfSameData(name: string, other: string): boolean {
  const [, hash] = RUN_DIRECTORY.exec(name) ?? [];
  return hash !== undefined && hash === RUN_DIRECTORY.exec(other)?.[1] && name !== other;
}

const RUN_DIRECTORY = /^registry-cache-\d+-([\da-f]{8})$/;

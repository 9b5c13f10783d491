import type {
  CleanerProcessSettings,
  LoggerSettings,
  ProxySettings,
  Settings,
  UpstreamSettings,
  WorkerSettings,
} from '@registry-cache/config';
import type { ProcessName } from '@registry-cache/runtime';
import type { CacheIdentity } from './cache-identity.ts';
import { socketPath } from './socket-path.ts';

export type ChildSettings = LoggerSettings | WorkerSettings | ProxySettings | CleanerProcessSettings;

/** A process that should run, and by which settings. */
export interface PlannedProcess {
  /** Stays the same over reloads: `logger`, `worker quay.io`. */
  readonly id: string;
  readonly name: ProcessName;
  /** Only workers have one. */
  readonly upstream?: UpstreamSettings['name'];
  /** Only proxies that share the port have one. */
  readonly number?: number;
  readonly settings: ChildSettings;
  /** Whether it runs only while somebody needs it; such a process has a socket. */
  readonly onDemand: boolean;
  /** Where it listens; a leftover of a killed predecessor is removed before each start. */
  readonly socketPath?: string;
}

/** Everything that should run. */
export interface ProcessPlan {
  readonly logger: PlannedProcess;
  readonly workers: readonly PlannedProcess[];
  /** They share the port. */
  readonly proxies: readonly [PlannedProcess, ...PlannedProcess[]];
  readonly cleaner: PlannedProcess;
}

/**
 * The processes that serve `settings`, each with as much of them as it needs: only a worker gets credentials, and only those
 * of its own upstream.
 */
export function planProcesses(settings: Settings, identity: CacheIdentity): ProcessPlan {
  const workers = settings.upstreams.map((upstream) => planWorker(settings, upstream, identity));
  const logger = planLogger(settings);
  return {
    logger,
    workers,
    proxies: planProxies(settings, identity),
    cleaner: {
      id: 'cleaner',
      name: 'cleaner',
      onDemand: false,
      settings: { ...common(settings), cleaner: settings.cleaner } satisfies CleanerProcessSettings,
    },
  };
}

export function processesOf(plan: ProcessPlan): readonly PlannedProcess[] {
  return [plan.logger, ...plan.workers, ...plan.proxies, plan.cleaner];
}

function planLogger(settings: Settings): PlannedProcess {
  const socket = loggerSocketPath(settings);
  return {
    id: 'logger',
    name: 'logger',
    onDemand: false,
    settings: { ...common(settings), socketPath: socket } satisfies LoggerSettings,
    socketPath: socket,
  };
}

function planWorker(
  settings: Settings,
  upstream: UpstreamSettings,
  { pseudonym }: CacheIdentity,
): PlannedProcess {
  const socket = workerSocketPath(settings, upstream);
  return {
    id: `worker ${upstream.name}`,
    name: 'worker',
    onDemand: settings.workers.idleTimeoutMs > 0,
    upstream: upstream.name,
    settings: {
      ...common(settings),
      socketPath: socket,
      upstream: withOwnCredentials(upstream),
      outboundProxy: settings.outboundProxy,
      fills: settings.fills,
      authorizationTtlMs: settings.authorizationTtlMs,
      idleTimeoutMs: settings.workers.idleTimeoutMs,
      pseudonym,
      drainTimeoutMs: settings.http.drainTimeoutMs,
    } satisfies WorkerSettings,
    socketPath: socket,
  };
}

/** Where each client is asked for its own credential, those of the pull secret are out of the worker's reach. */
function withOwnCredentials(upstream: UpstreamSettings): UpstreamSettings {
  return upstream.authorization === 'origin' ? { ...upstream, credentials: [] } : upstream;
}

function planProxies(settings: Settings, identity: CacheIdentity): ProcessPlan['proxies'] {
  const first = planProxy(settings, identity);
  const { proxyProcesses } = settings;
  if (proxyProcesses === 1) return [first];
  const numbered = (number: number, id: string): PlannedProcess => ({
    ...first,
    id,
    number,
    settings: { ...first.settings, number, processes: proxyProcesses },
  });
  const others = Array.from({ length: proxyProcesses - 1 }, (_, index) => index + 2);
  return [numbered(1, 'proxy'), ...others.map((number) => numbered(number, `proxy ${number}`))];
}

function planProxy(settings: Settings, { pseudonym, tokenSecret }: CacheIdentity): PlannedProcess {
  return {
    id: 'proxy',
    name: 'proxy',
    onDemand: false,
    settings: {
      ...common(settings),
      http: settings.http,
      ...(settings.auth === undefined ? {} : { auth: settings.auth }),
      upstreams: settings.upstreams.map((upstream) => ({
        name: upstream.name,
        default: upstream.default,
        authorization: upstream.authorization,
        socketPath: workerSocketPath(settings, upstream),
      })),
      tokenSecret: settings.http.secret ?? tokenSecret,
      pseudonym,
      loggerSocketPath: loggerSocketPath(settings),
    } satisfies ProxySettings,
  };
}

function common({ log, storage }: Settings): { logLevel: Settings['log']['level']; rootDirectory: string } {
  return { logLevel: log.level, rootDirectory: storage.rootDirectory };
}

function loggerSocketPath({ runDirectory }: Settings): string {
  return socketPath(runDirectory, 'logger');
}

// An underscore occurs in no upstream's name, so that no two upstreams share a socket.
function workerSocketPath({ runDirectory }: Settings, { name }: UpstreamSettings): string {
  return socketPath(runDirectory, `worker-${name.replace(':', '_')}`);
}

import type {
  AdminSettings,
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

export type ChildSettings =
  LoggerSettings | WorkerSettings | ProxySettings | CleanerProcessSettings | AdminSettings;

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
  readonly admin: PlannedProcess;
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
      settings: {
        ...common(settings),
        cleaner: settings.cleaner,
        ...eventsFor(settings, 'evict'),
      } satisfies CleanerProcessSettings,
    },
    admin: planAdmin(settings, identity),
  };
}

export function processesOf(plan: ProcessPlan): readonly PlannedProcess[] {
  return [plan.logger, ...plan.workers, ...plan.proxies, plan.cleaner, plan.admin];
}

function planLogger(settings: Settings): PlannedProcess {
  const socket = loggerSocketPath(settings);
  return {
    id: 'logger',
    name: 'logger',
    onDemand: false,
    settings: {
      ...common(settings),
      socketPath: socket,
      ...(settings.log.access === undefined ? {} : { access: settings.log.access }),
      notifications: settings.notifications,
    } satisfies LoggerSettings,
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
      ...eventsFor(settings, 'fill-failed'),
      ...telemetryOf(settings),
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
      ...(settings.dashboard === undefined
        ? {}
        : { dashboard: { socketPath: dashboardSocketPath(settings), admins: settings.dashboard.admins } }),
      ...telemetryOf(settings),
    } satisfies ProxySettings,
  };
}

function planAdmin(settings: Settings, { version }: CacheIdentity): PlannedProcess {
  const { debug, dashboard, cleaner, warm } = settings;
  const control = socketPath(settings.runDirectory, 'control');
  // Otherwise only the command line needs it.
  const isAlwaysNeeded = debug !== undefined || dashboard !== undefined || warm.rules.length > 0;
  const idleTimeoutMs = isAlwaysNeeded ? 0 : settings.workers.idleTimeoutMs;
  return {
    id: 'admin',
    name: 'admin',
    onDemand: idleTimeoutMs > 0,
    socketPath: control,
    settings: {
      ...common(settings),
      controlSocketPath: control,
      idleTimeoutMs,
      dashboardSocketPath: dashboardSocketPath(settings),
      version,
      address: addressOf(settings),
      ...(debug === undefined ? {} : { debug }),
      ...(dashboard === undefined ? {} : { dashboard }),
      upstreams: settings.upstreams.map((upstream) => ({
        name: upstream.name,
        url: upstream.url,
        default: upstream.default,
        authorization: upstream.authorization,
        tagTtlMs: upstream.tagTtlMs,
        maxConnections: upstream.maxConnections,
        socketPath: workerSocketPath(settings, upstream),
      })),
      cleaner,
      warm,
    } satisfies AdminSettings,
  };
}

/** Where clients reach the cache: `https://*:8443`. */
export function addressOf({ http }: Pick<Settings, 'http'>): string {
  const host = http.host.includes(':') ? `[${http.host}]` : http.host;
  return `${http.tls === undefined ? 'http' : 'https'}://${host || '*'}:${http.port}`;
}

interface CommonSettings {
  readonly logLevel: Settings['log']['level'];
  readonly rootDirectory: string;
  readonly measureEventLoop: boolean;
}

function common({ log, storage, debug }: Settings): CommonSettings {
  return {
    logLevel: log.level,
    rootDirectory: storage.rootDirectory,
    measureEventLoop: debug?.metricsPath !== undefined,
  };
}

/** Nobody makes events that nobody wants. */
function eventsFor(settings: Settings, action: string): { eventsSocketPath?: string } {
  const isWanted = settings.notifications.some(({ ignoredActions }) => !ignoredActions.includes(action));
  return isWanted ? { eventsSocketPath: loggerSocketPath(settings) } : {};
}

function telemetryOf({ telemetry }: Settings): Pick<Settings, 'telemetry'> {
  return telemetry === undefined ? {} : { telemetry };
}

function dashboardSocketPath({ runDirectory }: Settings): string {
  return socketPath(runDirectory, 'dashboard');
}

function loggerSocketPath({ runDirectory }: Settings): string {
  return socketPath(runDirectory, 'logger');
}

// An underscore occurs in no upstream's name, so that no two upstreams share a socket.
function workerSocketPath({ runDirectory }: Settings, { name }: UpstreamSettings): string {
  return socketPath(runDirectory, `worker-${name.replace(':', '_')}`);
}

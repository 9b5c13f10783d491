import type { ProxySettings } from '@registry-cache/config';
import {
  connectEventQueue,
  type Logger,
  type RunningProcess,
  type Tracing,
  type Tally,
  type ObservationDetail,
} from '@registry-cache/runtime';
import {
  ACCESS_EVENTS_MEDIA_TYPE,
  createBlobReader,
  type AccessEvent,
  type BlobReader,
} from '@registry-cache/store/read';
import type { HtpasswdAuthOptions } from './auth/htpasswd-auth.ts';
import { createGuardedBlobReader } from './blob/guarded-reads.ts';
import {
  connectionLimitsOf,
  readDescriptorLimit,
  readMemoryLimit,
  type ConnectionLimits,
} from './listener/connection-limits.ts';
import { createConnections } from './listener/connections.ts';
import { openListener, type ListenerOptions } from './listener/listener.ts';
import { createLoginGuard, type LoginGuard } from './origin-auth/login-guard.ts';
import { createPolicy, forgetAnswers } from './policy.ts';
import { createRequestHandler } from './request-handler.ts';
import { createRepeatedPulls } from './repeat/repeated-pulls.ts';
import { createTraffic } from './traffic.ts';
import { createSuspectBlobs } from './worker-link/suspect-blobs.ts';
import { createWorkerLink } from './worker-link/worker-link.ts';

export interface StartProxyOptions {
  readonly log: Logger;
  readonly tally: Tally;
  /** Closed with the proxy. */
  readonly tracing?: Tracing | undefined;
  /** What to listen on in place of the settings' address. */
  readonly listeningSocket?: object | undefined;
  /** Has the worker started that should listen at a socket, and does not. */
  readonly wake?: (socketPath: string) => void;
  readonly verify?: HtpasswdAuthOptions['verify'];
  readonly retryForMs?: number;
  readonly headTimeoutMs?: number;
  readonly timeouts?: ListenerOptions['timeouts'];
  /** Of the process's file descriptors and memory unless told. */
  readonly connectionLimits?: ConnectionLimits;
  /** Of the settings' data directory unless told. */
  readonly blobs?: BlobReader;
  /** Milliseconds of the wall clock. */
  readonly now?: () => number;
}

/** The proxy, listening. */
export interface RunningProxy extends RunningProcess<ProxySettings> {
  readonly port: number;
  reload(settings: ProxySettings): void;
  observe(): ObservationDetail;
  forget(): void;
}

const RETRY_WORKER_FOR_MS = 5000;
// containerd gives up after 30 s without a head.
const HEAD_TIMEOUT_MS = 29_000;

export async function startProxy(settings: ProxySettings, options: StartProxyOptions): Promise<RunningProxy> {
  const { log, retryForMs = RETRY_WORKER_FOR_MS, headTimeoutMs = HEAD_TIMEOUT_MS, timeouts, wake } = options;
  const { blobs = createBlobReader({ rootDirectory: settings.rootDirectory }), now = Date.now } = options;
  const memoryBytes = readMemoryLimit() / (settings.processes ?? 1);
  const limits = options.connectionLimits ?? connectionLimitsOf(await readDescriptorLimit(), memoryBytes);
  const connections = createConnections({ limits, log });
  const { tracing } = options;
  const workers = createWorkerLink({
    retryForMs,
    headTimeoutMs,
    tracing,
    ...(wake === undefined ? {} : { wake }),
  });
  const suspects = createSuspectBlobs({ log });
  const events = connectEventQueue<AccessEvent>(settings.loggerSocketPath, ACCESS_EVENTS_MEDIA_TYPE, log);
  const traffic = createTraffic(options.tally);
  const repeated = createRepeatedPulls({ events, traffic, now });
  let loginGuard: LoginGuard | undefined;
  // Counts on over reloads, and takes memory that most caches never need.
  const guard = (): LoginGuard => (loginGuard ??= createLoginGuard({ log }));
  const policyOptions = { ...options, workers, guard, now };
  let current = createPolicy(settings, policyOptions);
  let draining = false;

  const onRequest = createRequestHandler({
    policy: () => current.policy,
    isDraining: () => draining,
    isSurplus: (socket) => connections.isSurplus(socket),
    workers,
    blobs: createGuardedBlobReader(blobs),
    suspects,
    events,
    traffic,
    tracing,
    log,
    now,
  });
  const listener = await openListener({
    http: settings.http,
    listeningSocket: options.listeningSocket,
    onRequest,
    findRepeatable: (head) => current.policy.repeatable.find(head, now()),
    onRepeated: (answer, endpoints) => repeated.count(answer, endpoints),
    onRefused: (code) => traffic.refused(code),
    now,
    connections,
    maxConnections: limits.max,
    log,
    ...(timeouts === undefined ? {} : { timeouts }),
  });
  const { port } = listener;
  log.info({ port, tls: settings.http.tls?.source ?? 'none', maxConnections: limits.max }, 'listening');

  return {
    port,
    reload: (next) => {
      // Throws before anything has changed when the new settings, or their certificate, are no good.
      const changed = createPolicy(next, policyOptions, current);
      if (next.http.tls !== undefined) listener.setCertificate(next.http.tls);
      if (needsRestart(current.settings, next)) {
        log.warn('a change of address, port, TLS on or off, or data directory takes effect after a restart');
      }
      current = changed;
    },
    observe: () => {
      // What was answered a moment ago counts now.
      repeated.flush();
      const process = settings.number === undefined ? 'proxy' : `proxy ${settings.number}`;
      return {
        gauges: [{ metric: 'client_connections', labels: [process], value: connections.all.size }],
      };
    },
    forget: () => {
      current = forgetAnswers(current);
    },
    close: async () => {
      draining = true;
      await listener.close(current.settings.http.drainTimeoutMs);
      repeated.flush();
      await events.close();
      suspects.close();
      workers.close();
      await tracing?.close();
    },
  };
}

function needsRestart(current: ProxySettings, next: ProxySettings): boolean {
  return (
    current.http.host !== next.http.host ||
    current.http.port !== next.http.port ||
    (current.http.tls === undefined) !== (next.http.tls === undefined) ||
    current.rootDirectory !== next.rootDirectory ||
    current.loggerSocketPath !== next.loggerSocketPath
  );
}

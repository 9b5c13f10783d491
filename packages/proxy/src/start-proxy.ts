import type { ProxySettings } from '@registry-cache/config';
import type { Logger, RunningProcess } from '@registry-cache/runtime';
import { createBlobReader, type BlobReader } from '@registry-cache/store/read';
import { isDeepStrictEqual } from 'node:util';
import { createEventQueue } from './access-events/event-queue.ts';
import { createLoggerLink } from './access-events/logger-link.ts';
import { createHtpasswdAuth, type HtpasswdAuthOptions } from './auth/htpasswd-auth.ts';
import { createGuardedBlobReader } from './blob/guarded-reads.ts';
import {
  connectionLimitsOf,
  readDescriptorLimit,
  type ConnectionLimits,
} from './listener/connection-limits.ts';
import { createConnections } from './listener/connections.ts';
import { openListener, type ListenerOptions } from './listener/listener.ts';
import { createRequestHandler, type Policy } from './request-handler.ts';
import { createSuspectBlobs } from './worker-link/suspect-blobs.ts';
import { createWorkerLink } from './worker-link/worker-link.ts';

export interface StartProxyOptions {
  readonly log: Logger;
  readonly verify?: HtpasswdAuthOptions['verify'];
  readonly retryForMs?: number;
  readonly headTimeoutMs?: number;
  readonly timeouts?: ListenerOptions['timeouts'];
  /** Of the process's file descriptors unless told. */
  readonly connectionLimits?: ConnectionLimits;
  /** Of the settings' data directory unless told. */
  readonly blobs?: BlobReader;
}

/** The proxy, listening. */
export interface RunningProxy extends RunningProcess<ProxySettings> {
  readonly port: number;
  reload(settings: ProxySettings): void;
}

const RETRY_WORKER_FOR_MS = 5000;
// containerd gives up after 30 s without a head.
const HEAD_TIMEOUT_MS = 29_000;

export async function startProxy(settings: ProxySettings, options: StartProxyOptions): Promise<RunningProxy> {
  const { log, retryForMs = RETRY_WORKER_FOR_MS, headTimeoutMs = HEAD_TIMEOUT_MS, timeouts } = options;
  const { blobs = createBlobReader({ rootDirectory: settings.rootDirectory }) } = options;
  const limits = options.connectionLimits ?? connectionLimitsOf(await readDescriptorLimit());
  const connections = createConnections({ limits, log });
  const workers = createWorkerLink({ retryForMs, headTimeoutMs });
  const suspects = createSuspectBlobs({ log });
  const logger = createLoggerLink(settings.loggerSocketPath);
  const events = createEventQueue({ send: (batch) => logger.post(batch), log });
  let current = settings;
  let policy = createPolicy(settings, options);
  let draining = false;

  const onRequest = createRequestHandler({
    policy: () => policy,
    isDraining: () => draining,
    isSurplus: (socket) => connections.isSurplus(socket),
    workers,
    blobs: createGuardedBlobReader(blobs),
    suspects,
    events,
    log,
    now: Date.now,
  });
  const listener = await openListener({
    http: settings.http,
    onRequest,
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
      // Throws before anything has changed when the new certificate is no good.
      if (next.http.tls !== undefined) listener.setCertificate(next.http.tls);
      policy = { ...createPolicy(next, options), ...keptAuth(policy, current, next) };
      if (needsRestart(current, next)) {
        log.warn('a change of address, port, TLS on or off, or data directory takes effect after a restart');
      }
      current = next;
    },
    close: async () => {
      draining = true;
      await listener.close(current.http.drainTimeoutMs);
      await events.close();
      logger.close();
      suspects.close();
      workers.close();
    },
  };
}

function createPolicy(
  { upstreams, auth }: ProxySettings,
  { verify, log }: Pick<StartProxyOptions, 'verify' | 'log'>,
): Policy {
  if (auth === undefined) return { upstreams };
  return { upstreams, auth: createHtpasswdAuth(auth, verify === undefined ? { log } : { log, verify }) };
}

/** Users that stay the same stay logged in. */
function keptAuth(policy: Policy, current: ProxySettings, next: ProxySettings): Pick<Policy, 'auth'> {
  if (policy.auth === undefined || !isDeepStrictEqual(current.auth, next.auth)) return {};
  return { auth: policy.auth };
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

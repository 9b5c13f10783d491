import type {
  CleanerSettings,
  FillSettings,
  HtpasswdSettings,
  HttpSettings,
  LogSettings,
  OutboundProxySettings,
  UpstreamSettings,
} from './settings.ts';
import type { UpstreamName } from '@registry-cache/oci';

// What each process is sent over IPC: as much of the settings as it needs, and no secret that it does not.

export interface WorkerSettings {
  readonly logLevel: LogSettings['level'];
  readonly rootDirectory: string;
  readonly socketPath: string;
  readonly upstream: UpstreamSettings;
  readonly outboundProxy: OutboundProxySettings;
  readonly fills: FillSettings;
  readonly authorizationTtlMs: number;
  /** A worker that has had nothing to do for so long says so, to be ended; with 0 it never does. */
  readonly idleTimeoutMs: number;
  /** How this cache names itself in `Via`, so that a request that comes back to it is recognised. */
  readonly pseudonym: string;
  readonly drainTimeoutMs: number;
}

export interface ProxySettings {
  readonly logLevel: LogSettings['level'];
  readonly rootDirectory: string;
  readonly http: HttpSettings;
  /** Which of several proxy processes it is; left out where there is one. */
  readonly number?: number;
  /** How many proxies share port and memory; one unless told. */
  readonly processes?: number;
  readonly auth?: HtpasswdSettings;
  readonly upstreams: readonly ProxyUpstream[];
  /** What tokens for clients are sealed with. */
  readonly tokenSecret: string;
  readonly pseudonym: string;
  readonly loggerSocketPath: string;
}

export interface ProxyUpstream {
  readonly name: UpstreamName;
  readonly default: boolean;
  readonly authorization: UpstreamSettings['authorization'];
  readonly socketPath: string;
}

export interface LoggerSettings {
  readonly logLevel: LogSettings['level'];
  readonly rootDirectory: string;
  readonly socketPath: string;
}

export interface CleanerProcessSettings {
  readonly logLevel: LogSettings['level'];
  readonly rootDirectory: string;
  readonly cleaner: CleanerSettings;
  /** One pass by hand: the process reports a `CleanReport` and ends. */
  readonly once?: { readonly dryRun: boolean };
}

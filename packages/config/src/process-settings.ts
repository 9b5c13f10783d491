import type {
  AccessLogSettings,
  CleanerSettings,
  DashboardSettings,
  DebugSettings,
  FillSettings,
  HtpasswdSettings,
  HttpSettings,
  LogSettings,
  NotificationEndpoint,
  OutboundProxySettings,
  TelemetrySettings,
  UpstreamSettings,
  WarmSettings,
} from './settings.ts';
import type { UpstreamName } from '@registry-cache/oci';

// What each process is sent over IPC: as much of the settings as it needs, and no secret that it does not.

/** What every process is sent. */
interface CommonSettings {
  readonly logLevel: LogSettings['level'];
  readonly rootDirectory: string;
  /** Whether somebody wants to know how late event loops are. */
  readonly measureEventLoop?: boolean;
}

export interface WorkerSettings extends CommonSettings {
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
  /** Where failed fills are told, where somebody wants to know. */
  readonly eventsSocketPath?: string;
  readonly telemetry?: TelemetrySettings;
}

export interface ProxySettings extends CommonSettings {
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
  /** Of the admin process, where the dashboard is on this port too. */
  readonly dashboard?: { readonly socketPath: string; readonly admins: readonly string[] };
  readonly telemetry?: TelemetrySettings;
}

export interface ProxyUpstream {
  readonly name: UpstreamName;
  readonly default: boolean;
  readonly authorization: UpstreamSettings['authorization'];
  readonly socketPath: string;
}

export interface LoggerSettings extends CommonSettings {
  readonly socketPath: string;
  /** No lines where left out. */
  readonly access?: AccessLogSettings;
  readonly notifications: readonly NotificationEndpoint[];
}

export interface CleanerProcessSettings extends CommonSettings {
  readonly cleaner: CleanerSettings;
  /** Where evictions are told, where somebody wants to know. */
  readonly eventsSocketPath?: string;
  /** One pass by hand: the process reports a `CleanReport` and ends. */
  readonly once?: { readonly dryRun: boolean };
}

export interface AdminSettings extends CommonSettings {
  /** For the command line: whoever can connect may do everything. */
  readonly controlSocketPath: string;
  /** When nobody has asked for so long it says so, to be ended; with 0 it never does. */
  readonly idleTimeoutMs: number;
  /** For the proxy, which says who asks. */
  readonly dashboardSocketPath: string;
  readonly version: string;
  /** Where clients reach this cache: `https://*:8443`. */
  readonly address: string;
  readonly debug?: DebugSettings;
  readonly dashboard?: DashboardSettings;
  readonly upstreams: readonly AdminUpstream[];
  readonly cleaner: CleanerSettings;
  readonly warm: WarmSettings;
}

export interface AdminUpstream {
  readonly name: UpstreamName;
  readonly url: string;
  readonly default: boolean;
  readonly authorization: UpstreamSettings['authorization'];
  readonly tagTtlMs: number;
  readonly maxConnections: number;
  readonly socketPath: string;
}

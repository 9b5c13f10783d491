import type { UpstreamName } from '@registry-cache/oci';

/** Everything the cache can be told, checked, with every default filled in. */
export interface Settings {
  readonly log: LogSettings;
  readonly http: HttpSettings;
  /** How many proxy processes share the port. */
  readonly proxyProcesses: number;
  /** Clients must log in where this is set. */
  readonly auth?: HtpasswdSettings;
  readonly storage: StorageSettings;
  /** A folder of mode 0700 for unix sockets. */
  readonly runDirectory: string;
  /** The file that credentials of upstreams came from; missing where there was none. */
  readonly pullSecret?: string;
  readonly upstreams: readonly UpstreamSettings[];
  /** How long an origin's word that a client may pull from a repository counts; 0 asks every time. */
  readonly authorizationTtlMs: number;
  /** Proxies on the way to upstreams. */
  readonly outboundProxy: OutboundProxySettings;
  readonly workers: WorkersSettings;
  readonly fills: FillSettings;
  readonly cleaner: CleanerSettings;
  /** Where metrics and the dashboard are; nowhere where left out. */
  readonly debug?: DebugSettings;
  /** The dashboard on the port of clients, behind their login; not there where left out. */
  readonly dashboard?: DashboardSettings;
  readonly warm: WarmSettings;
  /** Who is told of pulls, evictions and failed fills. */
  readonly notifications: readonly NotificationEndpoint[];
  /** The variables `OTEL_*`, where they ask for traces. They may hold secrets. */
  readonly telemetry?: TelemetrySettings;
  /** Files whose change means a reload, as absolute paths. */
  readonly watchedFiles: readonly string[];
  /** What an operator should know but what stops nothing: one line each. */
  readonly warnings: readonly string[];
}

export interface LogSettings {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  /** The lines that tell of pulls; none where left out. */
  readonly access?: AccessLogSettings;
}

export interface AccessLogSettings {
  readonly format: 'json' | 'text';
  /** Whether each blob has a line, or each image alone. */
  readonly blobs: boolean;
}

export interface HttpSettings {
  /** An empty host listens on every address. */
  readonly host: string;
  readonly port: number;
  /** Plain HTTP where left out. */
  readonly tls?: TlsSettings;
  /** Origin under which clients reach this cache, `https://cache.example.com`; what a client asked for where left out. */
  readonly externalUrl?: string;
  /** What tokens for clients are sealed with; one of the supervisor's own where left out. */
  readonly secret?: string;
  /** How long a pull in flight may go on once the cache was told to stop. */
  readonly drainTimeoutMs: number;
}

/** PEM texts, not paths: whoever terminates TLS needs no access to the files. */
export interface TlsSettings {
  readonly certificate: string;
  readonly key: string;
  /** Where they came from, for messages: file names or `self-signed`. */
  readonly source: string;
}

export interface HtpasswdSettings {
  readonly realm: string;
  /** user -> bcrypt hash */
  readonly users: Readonly<Record<string, string>>;
}

export interface StorageSettings {
  readonly rootDirectory: string;
}

/** One upstream registry, and one worker process. */
export interface UpstreamSettings {
  readonly name: UpstreamName;
  /** Origin of the registry without a path: `https://registry-1.docker.io`. */
  readonly url: string;
  /** The upstream of names without one. At most one upstream has it. */
  readonly default: boolean;
  /**
   * Who says which client may pull: this cache, or the upstream itself, which is asked with each client's own credential, and
   * never with those of the pull secret.
   */
  readonly authorization: 'cache' | 'origin';
  /** Origins of other caches of this upstream, asked for blobs in turn before it is. Only where the upstream authorizes. */
  readonly caches: readonly string[];
  /** PEM texts of certificate authorities trusted besides the system's. */
  readonly cas: readonly string[];
  /** How long a tag is answered without asking the upstream; 0 asks every time. */
  readonly tagTtlMs: number;
  /** Hosts besides the registry's own domain that may be sent its credentials in exchange for a token. */
  readonly tokenHosts: readonly string[];
  /** How many connections to the upstream may be open at a time, at least 2: blobs leave a share of them to questions. */
  readonly maxConnections: number;
  /** Where the options of the middleware `downstream` are, if this is its origin: `middleware.registry[0].options`. */
  readonly downstreamKey?: string;
  /** Longest repository prefix first; a repository that none matches is asked for anonymously. */
  readonly credentials: readonly CredentialEntry[];
}

export interface CredentialEntry {
  /** A whole-component prefix of repository names: `org/team`; empty for all of the upstream. */
  readonly repositoryPrefix: string;
  readonly credential: Credential;
}

export type Credential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token: exchanged for access tokens at the registry's token endpoint. */
  | { readonly kind: 'identity-token'; readonly token: string }
  /** Sent to the registry as a bearer token as it is. */
  | { readonly kind: 'registry-token'; readonly token: string }
  | { readonly kind: 'anonymous' };

export interface OutboundProxySettings {
  readonly httpProxy?: string;
  readonly httpsProxy?: string;
  readonly noProxy?: string;
}

/** When there are workers. */
export interface WorkersSettings {
  /**
   * A worker that has had nothing to do for so long ends, and is started again by the next request for its upstream; so is each
   * for the first time. With 0 all of them run from the beginning to the end.
   */
  readonly idleTimeoutMs: number;
}

/** When the worker stops transferring a blob from its upstream into the store. */
export interface FillSettings {
  /**
   * A fill whose last client has left is given up while less than this share of the blob was fetched: with 0 every fill goes
   * on to its end, with 100 none goes on without clients. A blob of unknown size counts as below, whatever was fetched.
   */
  readonly abandonBelowPercent: number;
  /** A blob that is larger, or that turns out to be while it arrives, is refused. */
  readonly maxSizeBytes: number;
}

export interface CleanerSettings {
  readonly maxSizeBytes: number;
  /** Cleaning starts above `maxSizeBytes` plus this share of it, and goes on until the size is at most `maxSizeBytes`. */
  readonly thresholdPercentage: number;
  readonly runEveryMs: number;
  /** When a blob is removed whatever room there is; never where left out. */
  readonly expiry?: ExpirySettings;
  /** Patterns of images that stay, however old they are: `quay.io/org/**`, `docker.io/library/alpine:3.*`. */
  readonly pins: readonly string[];
}

export interface ExpirySettings {
  readonly blobTtlMs: number;
  /** What the time is counted from: when the blob was fetched, or when it was last pulled. */
  readonly from: 'fetched' | 'pulled';
}

/** A plain HTTP address for operators. @see distribution, "debug" */
export interface DebugSettings {
  /** An empty host listens on every address. */
  readonly host: string;
  readonly port: number;
  /** `/metrics`; no metrics where left out. */
  readonly metricsPath?: string;
  /** From where images may be pinned, warmed and removed by the dashboard. */
  readonly actions: 'loopback' | 'anywhere' | 'nowhere';
}

export interface DashboardSettings {
  /** Users who may pin, warm and remove images; everybody who can log in may look. */
  readonly admins: readonly string[];
}

/** What is pulled before anybody asks for it. */
export interface WarmSettings {
  readonly rules: readonly WarmRule[];
  /** Of all rules and upstreams together; without a limit where left out. */
  readonly bytesPerSecond?: number;
  /** How many images are pulled at a time. */
  readonly concurrency: number;
}

export interface WarmRule {
  /** With its upstream: `quay.io/org/app`. */
  readonly repository: string;
  readonly select:
    | { readonly kind: 'digest'; readonly digest: string }
    /** Glob patterns of tags: `1.*`; one without special characters is a tag. */
    | { readonly kind: 'tags'; readonly patterns: readonly string[] };
  readonly everyMs: number;
  /** `linux/amd64`, `linux/arm/v7`; all of an index where left out. */
  readonly platforms?: readonly string[];
}

/** @see distribution, "notifications" */
export interface NotificationEndpoint {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly timeoutMs: number;
  /** After so many failures in a row the endpoint is left alone for `backoffMs`. */
  readonly threshold: number;
  readonly backoffMs: number;
  readonly ignoredMediaTypes: readonly string[];
  readonly ignoredActions: readonly string[];
}

/** Environment variables by their names. @see OpenTelemetry, "Environment variable specification" */
export type TelemetrySettings = Readonly<Record<string, string>>;

import type { ProcessDescription, SupervisorObservation } from '@registry-cache/runtime';

/** How the cache does: `GET /api/v1/status`. Times are ms since the epoch. */
export interface Status {
  readonly version: string;
  /** Where clients reach it: `https://*:8443`. */
  readonly address: string;
  readonly dataDirectory: string;
  readonly startedAtMs: number;
  /** Missing before it was asked for the first time. */
  readonly supervisor?: SupervisorObservation;
  /** All but the supervisor. */
  readonly processes: readonly ProcessStatus[];
  readonly upstreams: readonly UpstreamStatus[];
  /** Of all upstreams together. */
  readonly traffic: Traffic;
  readonly disk: DiskStatus;
  readonly fills: readonly RunningFill[];
  readonly warming: readonly WarmJobStatus[];
  /** The latest last. */
  readonly errors: readonly LoggedError[];
}

export interface ProcessStatus extends ProcessDescription {
  readonly residentBytes?: number;
  readonly eventLoopDelaySeconds?: number;
}

/** What was counted since the cache started, or since the admin process had to be started again after a failure. */
export interface Traffic {
  /** For manifests and blobs, by the outcome of `Cache-Status`. */
  readonly requests: Readonly<Record<string, number>>;
  /** Of requests for manifests and blobs, those that no upstream had to send bytes for: 0 to 1; undefined before the first. */
  readonly hitRatio: number | undefined;
  readonly clientBytes: number;
  readonly upstreamBytes: number;
  readonly savedBytes: number;
}

export interface UpstreamStatus {
  readonly name: string;
  readonly url: string;
  /**
   * - `idle`: its worker sleeps until it is needed;
   * - `down`: it has not answered, and is asked now and then;
   * - `limited`: it has answered 429, and is left alone;
   * - `restarting`: its worker is.
   */
  readonly state: 'up' | 'idle' | 'down' | 'limited' | 'restarting';
  /** Why it is down or limited. */
  readonly problem?: string;
  readonly askedAgainAtMs?: number;
  readonly rateLimit?: RateLimitStatus;
  readonly traffic: Traffic;
}

export interface RateLimitStatus {
  readonly remaining: number;
  readonly windowSeconds?: number;
  readonly saidAtMs: number;
}

export interface DiskStatus {
  /** Undefined until the cleaner has measured it, seconds after the start; what was filled since then is in it. */
  readonly usedBytes: number | undefined;
  readonly blobs: number | undefined;
  readonly maxSizeBytes: number;
  readonly thresholdBytes: number;
  readonly pinnedBytes: number | undefined;
  readonly freeBytes: number | undefined;
  readonly measuredAtMs: number | undefined;
}

export interface RunningFill {
  readonly upstream: string;
  readonly repository: string;
  readonly digest: string;
  readonly receivedBytes: number;
  readonly sizeBytes: number | undefined;
  readonly startedAtMs: number;
  /** How many clients read it. */
  readonly readers: number;
}

export interface WarmJobStatus {
  readonly image: string;
  readonly state: 'waiting' | 'running' | 'done' | 'failed';
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly problem?: string;
  /** Of a scheduled image. */
  readonly nextAtMs?: number;
}

export interface LoggedError {
  readonly atMs: number;
  readonly level: 'warn' | 'error' | 'fatal';
  readonly process: string;
  readonly message: string;
  /** What the line says besides, in short. */
  readonly reason?: string;
}

import type {
  History,
  ImageList,
  Inspection,
  LogPage,
  PinList,
  RemovalReport,
  Status,
  WarmEvent,
  WarmRequest,
} from '@registry-cache/control';
import type { CleanReport } from '@registry-cache/store/maintenance';

/**
 * The running cache as operators see it and steer it. The API and the dashboard are two faces of it: neither asks the supervisor
 * or looks into the store by itself.
 *
 * What is wrong with a question is a `CacheError`, whose message is a sentence for people. Each method that waits is given up when its
 * signal is aborted, and rejects with the signal's reason.
 */
export interface Cache {
  /** How all processes do; observed anew, but not more than a few times a second. */
  status(signal: AbortSignal): Promise<Status>;
  /**
   * Whether pulls are answered. Processes that sleep until they are needed do not count against it.
   *
   * @returns sentences about what is not well; empty where all is
   */
  problems(signal: AbortSignal): Promise<readonly string[]>;
  /** In Prometheus' text format. */
  metrics(signal: AbortSignal): Promise<string>;
  history(range: HistoryRange, signal: AbortSignal): Promise<History>;
  log(after: number, signal: AbortSignal): Promise<LogPage>;

  /**
   * What is stored, sorted by name. The list of all is seconds old at most, and shared by whoever asks for it.
   *
   * @param prefix whole components of a name, such as `quay.io/org`; a tag may follow; all where empty
   */
  images(prefix: string, signal: AbortSignal): Promise<ImageList>;
  /** @param name `quay.io/org/app:1.0`, `…@sha256:…`; `latest` where it names neither tag nor digest */
  inspect(name: string, signal: AbortSignal): Promise<Inspection>;
  /** Links and tag go, and the blobs that no other image has. `NOT_FOUND` where nothing of it is stored, `CONFLICT` where it is pinned. */
  remove(name: string, signal: AbortSignal): Promise<RemovalReport>;

  pins(): Promise<PinList>;
  /** Resolves to false where it is pinned by that pattern already. */
  pin(pattern: string): Promise<boolean>;
  /** `NOT_FOUND` where there is no such pin, `CONFLICT` where it is one of the configuration. */
  unpin(pattern: string): Promise<void>;

  /** One pass of the cleaner, now. */
  clean(dryRun: boolean, signal: AbortSignal): Promise<CleanReport>;
  /** Checks the request before the first event is asked for. An aborted signal ends the job; what is there stays. */
  warm(request: WarmRequest, signal: AbortSignal): AsyncGenerator<WarmEvent>;
}

export type HistoryRange = 'day' | 'month' | 'year';

/**
 * - `INVALID`: the question makes no sense;
 * - `NOT_FOUND`: what it is about is not there;
 * - `FORBIDDEN`: not from here, or not by this user;
 * - `CONFLICT`: it cannot be done as things are;
 * - `UNAVAILABLE`: it can be asked again later.
 */
export type CacheErrorCode = 'INVALID' | 'NOT_FOUND' | 'FORBIDDEN' | 'CONFLICT' | 'UNAVAILABLE';

/** What is wrong with a question, or with what was to be done: the message is a sentence for people that says what to do. */
export class CacheError extends Error {
  override readonly name = 'CacheError';
  readonly code: CacheErrorCode;

  constructor(code: CacheErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

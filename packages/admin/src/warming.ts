import type { AdminSettings } from '@registry-cache/config';
import type { WarmEvent, WarmJobStatus, WarmRequest } from '@registry-cache/control';
import type { Logger } from '@registry-cache/runtime';

/** Pulls images through their workers before anybody asks for them: by hand, and by the rules of the configuration. */
export interface Warming {
  /**
   * By hand.
   *
   * @throws {CacheError} `INVALID`, before the first event, for names, patterns and platforms that are none
   */
  run(request: WarmRequest, signal: AbortSignal): AsyncGenerator<WarmEvent>;
  /** Jobs by hand that run, and what the rules of the configuration stand for. */
  jobs(): readonly WarmJobStatus[];
  /** Goes over to new rules and upstreams. */
  reload(settings: AdminSettings): void;
  /** Ends what runs; what is there stays. */
  close(): Promise<void>;
}

export interface WarmingOptions {
  readonly settings: AdminSettings;
  readonly log: Logger;
  /** Has a worker started that sleeps. @see ProcessContext.wake */
  readonly wake: (socketPath: string) => void;
  readonly now: () => number;
}

import type { Logger } from '@registry-cache/runtime';
import type { AccessEvent } from '@registry-cache/store/read';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventsRefusedError } from './logger-link.ts';

/** Carries access events to the logger without making a pull wait. */
export interface EventQueue {
  push(event: AccessEvent): void;
  /** Sends what is left, within a bound of time. */
  close(): Promise<void>;
}

export interface EventQueueOptions {
  /** Rejects when the events have not arrived; they are sent again then. */
  readonly send: (events: readonly AccessEvent[]) => Promise<void>;
  readonly log: Logger;
  readonly maxQueued?: number;
  readonly batchDelayMs?: number;
  readonly retryDelayMs?: number;
  readonly reportEveryMs?: number;
  readonly closeTimeoutMs?: number;
}

const BATCH = 100;

/**
 * Events wait until there are a hundred or the first has waited a quarter of a second. While the logger is away they are
 * kept, the newest ten thousand of them; how many were lost is logged once a minute.
 */
export function createEventQueue(options: EventQueueOptions): EventQueue {
  const { send, log, maxQueued = 10_000, batchDelayMs = 250, retryDelayMs = 1000 } = options;
  const { reportEveryMs = 60_000, closeTimeoutMs = 2000 } = options;
  const queued: AccessEvent[] = [];
  const closing = new AbortController();
  const giveUp = new AbortController();
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;

  const report = (): void => {
    if (dropped > 0) log.warn({ dropped }, 'access events dropped: the logger does not take them');
    dropped = 0;
  };
  const reporter = setInterval(report, reportEveryMs).unref();

  const dropOldest = (): void => {
    const excess = Math.max(0, queued.length - maxQueued);
    queued.splice(0, excess);
    dropped += excess;
  };

  const sendBatch = async (): Promise<void> => {
    const batch = queued.splice(0, BATCH);
    try {
      await send(batch);
    } catch (err) {
      if (err instanceof EventsRefusedError) {
        log.warn({ err, dropped: batch.length }, 'access events refused');
        return;
      }
      log.debug({ err }, 'access events not sent, trying again');
      queued.unshift(...batch);
      dropOldest();
      await wait(closing.signal.aborted ? batchDelayMs : retryDelayMs, giveUp.signal);
    }
  };

  const sendAll = async (): Promise<void> => {
    do await sendBatch();
    while (
      !giveUp.signal.aborted &&
      (queued.length >= BATCH || (closing.signal.aborted && queued.length > 0))
    );
    sending = undefined;
    if (queued.length > 0 && !closing.signal.aborted) schedule();
  };

  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    sending ??= queued.length === 0 ? undefined : sendAll();
    return sending ?? Promise.resolve();
  };

  const schedule = (): void => {
    timer ??= setTimeout(() => void flush(), batchDelayMs);
  };

  return {
    push: (event) => {
      queued.push(event);
      dropOldest();
      if (sending !== undefined) return;
      if (queued.length >= BATCH) void flush();
      else schedule();
    },
    close: async () => {
      closing.abort();
      const bound = setTimeout(() => giveUp.abort(), closeTimeoutMs);
      await Promise.race([flush(), aborted(giveUp.signal)]);
      clearTimeout(bound);
      clearInterval(reporter);
      dropped += queued.splice(0).length;
      report();
    },
  };
}

/** Ends early, and without an error, when it is told to. */
async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

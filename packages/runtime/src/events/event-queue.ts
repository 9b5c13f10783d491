import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import { EventsRefusedError } from './event-link.ts';
import { createLosses } from './losses.ts';

/** Carries events to whoever takes them without making the one who tells of them wait. */
export interface EventQueue<Event> {
  push(event: Event): void;
  /** Sends again at once what waits after a failure. */
  retry(): void;
  /** Sends what is left, within a bound of time. */
  close(): Promise<void>;
}

export interface EventQueueOptions<Event> {
  /** Rejects when the events have not arrived; they are sent again then, unless it was with `EventsRefusedError`. */
  readonly send: (events: readonly Event[]) => Promise<void>;
  /** Its fields say who takes the events, where that is not clear. */
  readonly log: Logger;
  readonly onDropped?: (count: number) => void;
  readonly maxQueued?: number;
  readonly batchDelayMs?: number;
  /** How long after a failure the same events are sent again; asked after each. */
  readonly retryDelayMs?: () => number;
  readonly reportEveryMs?: number;
  readonly closeTimeoutMs?: number;
}

const BATCH = 100;
const MAX_QUEUED = 10_000;
const RETRY_DELAY_MS = 1000;

/**
 * Events wait until there are a hundred or the first has waited a quarter of a second. While nobody takes them they are kept, the
 * newest ten thousand of them; how many were lost is logged once a minute.
 */
export function createEventQueue<Event>(options: EventQueueOptions<Event>): EventQueue<Event> {
  const { send, log, onDropped, maxQueued = MAX_QUEUED, batchDelayMs = 250 } = options;
  const { retryDelayMs = () => RETRY_DELAY_MS, reportEveryMs = 60_000, closeTimeoutMs = 2000 } = options;
  const queued: Event[] = [];
  const giveUp = new AbortController();
  let isClosing = false;
  let pause = new AbortController();
  let onTheWay = 0;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;

  const losses = createLosses({ log, onDropped, reportEveryMs });

  const dropOldest = (): void => {
    losses.count(queued.splice(0, Math.max(0, queued.length - maxQueued)).length);
  };

  const sendBatch = async (): Promise<void> => {
    dropOldest();
    const batch = queued.splice(0, BATCH);
    onTheWay = batch.length;
    try {
      await send(batch);
      onTheWay = 0;
    } catch (err) {
      // Then `close` has counted them.
      if (giveUp.signal.aborted) return;
      onTheWay = 0;
      if (err instanceof EventsRefusedError) {
        log.warn({ err, dropped: batch.length }, 'events refused');
        onDropped?.(batch.length);
        return;
      }
      log.debug({ err }, 'events not sent, trying again');
      queued.unshift(...batch);
      dropOldest();
      pause = new AbortController();
      await wait(isClosing ? batchDelayMs : retryDelayMs(), pause.signal);
    }
  };

  const sendAll = async (): Promise<void> => {
    do await sendBatch();
    while (!giveUp.signal.aborted && (queued.length >= BATCH || (isClosing && queued.length > 0)));
    sending = undefined;
    if (queued.length > 0 && !isClosing) schedule();
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
      // Not for each event: dropping moves all the others.
      if (queued.length >= maxQueued + BATCH) dropOldest();
      if (sending !== undefined) return;
      if (queued.length >= BATCH) void flush();
      else schedule();
    },
    retry: () => pause.abort(),
    close: async () => {
      isClosing = true;
      pause.abort();
      const bound = setTimeout(() => {
        giveUp.abort();
        pause.abort();
      }, closeTimeoutMs);
      await Promise.race([flush(), aborted(giveUp.signal)]);
      clearTimeout(bound);
      losses.count(onTheWay + queued.splice(0).length);
      losses.close();
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

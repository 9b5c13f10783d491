import type { EventQueue } from '@registry-cache/runtime';
import type { AccessEvent } from '@registry-cache/store/read';
import { randomUUID } from 'node:crypto';
import type { Endpoints } from '../peer-address.ts';
import type { Traffic } from '../traffic.ts';
import type { RepeatableAnswer } from './repeatable-answer.ts';

/** Tells the logger of answers that were given again, and counts them. */
export interface RepeatedPulls {
  /** @param endpoints of the connection, the same object each time */
  count(answer: RepeatableAnswer, endpoints: Endpoints): void;
  /** Tells of what has been counted so far. */
  flush(): void;
}

export interface RepeatedPullsOptions {
  readonly events: Pick<EventQueue<AccessEvent>, 'push'>;
  readonly traffic: Pick<Traffic, 'repeated'>;
  /** Milliseconds of the wall clock. */
  readonly now: () => number;
}

const FLUSH_AFTER_MS = 1000;

/**
 * A connection that asks the same again within a second makes one event for all of it: whoever asks ten thousand times a second
 * must not make as many lines.
 */
export function createRepeatedPulls({ events, traffic, now }: RepeatedPullsOptions): RepeatedPulls {
  const counts = new Map<RepeatableAnswer, Map<Endpoints, number>>();
  let sinceMs = 0;
  let timer: NodeJS.Timeout | undefined;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const timestamp = new Date(sinceMs).toISOString();
    for (const [{ event, counted }, times] of counts) {
      let total = 0;
      for (const [endpoints, count] of times) {
        events.push(repeated(event, { timestamp, endpoints, count }));
        total += count;
      }
      traffic.repeated(counted, total);
    }
    counts.clear();
  };

  return {
    count: (answer, endpoints) => {
      if (timer === undefined) {
        sinceMs = now();
        timer = setTimeout(flush, FLUSH_AFTER_MS);
      }
      let times = counts.get(answer);
      if (times === undefined) counts.set(answer, (times = new Map()));
      times.set(endpoints, (times.get(endpoints) ?? 0) + 1);
    },
    flush,
  };
}

interface Repetition {
  readonly timestamp: string;
  readonly endpoints: Endpoints;
  readonly count: number;
}

function repeated(event: AccessEvent, { timestamp, endpoints, count }: Repetition): AccessEvent {
  const { request, cache } = event;
  return {
    ...event,
    id: randomUUID(),
    timestamp,
    request: { ...request, id: randomUUID(), addr: endpoints.peer },
    source: { addr: endpoints.own },
    ...(cache === undefined
      ? {}
      : { cache: { ...cache, bytesSent: cache.bytesSent * count, durationMs: 0, times: count } }),
  };
}

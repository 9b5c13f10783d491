import { digestOf } from '@registry-cache/oci';
import type { AccessEvent } from '@registry-cache/store/read';
import { expect, test, vi } from 'vitest';
import { createEventQueue, type EventQueue } from '../../src/access-events/event-queue.ts';
import { EventsRefusedError } from '../../src/access-events/logger-link.ts';
import { collectingLog } from '../support/proxy.ts';

const FAST = { batchDelayMs: 1, retryDelayMs: 1, closeTimeoutMs: 50 };

test('events that come together are sent together', async () => {
  const { queue, sent } = startQueue();
  push(queue, 0, 5);
  await queue.close();
  expect(sent).toEqual([['0', '1', '2', '3', '4']]);
});

test('a batch has at most a hundred events', async () => {
  const { queue, sent } = startQueue();
  push(queue, 0, 250);
  await queue.close();
  expect(sent.map((batch) => batch.length)).toEqual([100, 100, 50]);
});

test('events are sent without being asked to, also those that come while others are on their way', async () => {
  const { queue, sent } = startQueue();
  push(queue, 0, 1);
  await vi.waitFor(() => expect(sent.flat()).toEqual(['0']));
  push(queue, 1, 101);
  push(queue, 101, 103);
  await vi.waitFor(() => expect(sent.flat()).toHaveLength(103));
  await queue.close();
});

test('what did not arrive is sent again, in its order', async () => {
  let failures = 3;
  const { queue, sent } = startQueue({
    beforeSend: () => {
      failures -= 1;
      if (failures >= 0) throw new Error('logger is away');
    },
  });
  push(queue, 0, 3);
  await vi.waitFor(() => expect(sent).toEqual([['0', '1', '2']]));
  await queue.close();
});

test('the oldest are dropped when there are too many, and counted', async () => {
  let away = true;
  const { queue, sent, logLines } = startQueue({
    maxQueued: 10,
    beforeSend: () => {
      if (away) throw new Error('logger is away');
    },
  });
  push(queue, 0, 25);
  away = false;
  await queue.close();
  expect(sent.flat()).toEqual(['15', '16', '17', '18', '19', '20', '21', '22', '23', '24']);
  expect(logLines).toContainEqual(expect.objectContaining({ level: 'warn', dropped: 15 }));
});

test('what a logger refuses is not sent again', async () => {
  const { queue, sent, logLines } = startQueue({
    beforeSend: ([first]) => {
      if (first === '0') throw new EventsRefusedError('400');
    },
  });
  push(queue, 0, 1);
  await vi.waitFor(() =>
    expect(logLines).toContainEqual(expect.objectContaining({ msg: 'access events refused' })),
  );
  push(queue, 1, 2);
  await queue.close();
  expect(sent).toEqual([['1']]);
});

test('closing does not wait for ever for a logger that does not answer', async () => {
  const { queue, logLines } = startQueue({ beforeSend: () => new Promise(() => {}) });
  push(queue, 0, 150);
  await queue.close();
  expect(logLines).toContainEqual(expect.objectContaining({ dropped: 50 }));
});

interface QueueOptions {
  readonly maxQueued?: number;
  readonly beforeSend?: (ids: readonly string[]) => void | Promise<void>;
}

function startQueue({ beforeSend, ...options }: QueueOptions = {}): {
  queue: EventQueue;
  sent: string[][];
  logLines: Record<string, unknown>[];
} {
  const sent: string[][] = [];
  const { log, logLines } = collectingLog();
  const send = async (events: readonly AccessEvent[]): Promise<void> => {
    const ids = events.map(({ id }) => id);
    await beforeSend?.(ids);
    sent.push(ids);
  };
  return { queue: createEventQueue({ send, log, ...FAST, ...options }), sent, logLines };
}

function push(queue: EventQueue, from: number, to: number): void {
  for (let id = from; id < to; id += 1) queue.push(event(String(id)));
}

function event(id: string): AccessEvent {
  const digest = digestOf(Buffer.from(id));
  return {
    id,
    timestamp: '2026-11-21T09:00:00.000Z',
    action: 'pull',
    target: { mediaType: 'application/octet-stream', size: 1, digest, repository: 'quay.io/a' },
    request: { id, addr: '127.0.0.1:1', host: 'cache', method: 'GET', useragent: 'test' },
    actor: {},
    source: { addr: '127.0.0.1:2' },
  };
}

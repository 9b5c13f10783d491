import { expect, test, vi } from 'vitest';
import { EventsRefusedError } from '../../src/events/event-link.ts';
import { createEventQueue, type EventQueue, type EventQueueOptions } from '../../src/events/event-queue.ts';
import { createLog } from '../../src/log.ts';

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
  const { queue, sent, logLines, dropped } = startQueue({
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
  expect(dropped()).toBe(15);
});

test('a million events that nobody takes are the newest ten thousand', async () => {
  let away = true;
  const { queue, sent, dropped } = startQueue({
    beforeSend: () => {
      if (away) throw new Error('logger is away');
    },
  });
  push(queue, 0, 1_000_000);
  away = false;
  await queue.close();
  expect(sent.flat()).toHaveLength(10_000);
  expect(sent.flat().at(-1)).toBe('999999');
  expect(dropped()).toBe(990_000);
});

test('what is refused is not sent again, and counts as dropped', async () => {
  const { queue, sent, logLines, dropped } = startQueue({
    beforeSend: ([first]) => {
      if (first === '0') throw new EventsRefusedError('400');
    },
  });
  push(queue, 0, 1);
  await vi.waitFor(() => expect(logLines).toContainEqual(expect.objectContaining({ msg: 'events refused' })));
  push(queue, 1, 2);
  await queue.close();
  expect(sent).toEqual([['1']]);
  expect(dropped()).toBe(1);
});

test('closing does not wait for ever for a taker that does not answer, and counts what may not have arrived', async () => {
  const { queue, logLines } = startQueue({
    closeTimeoutMs: 50,
    beforeSend: () => new Promise(() => {}),
  });
  push(queue, 0, 150);
  await queue.close();
  expect(logLines).toContainEqual(expect.objectContaining({ dropped: 150 }));
});

test('closing tries once more at once, however long it would have been left alone', async () => {
  let away = true;
  const { queue, sent, logLines } = startQueue({
    retryDelayMs: () => 3_600_000,
    beforeSend: () => {
      if (away) throw new Error('logger is away');
    },
  });
  push(queue, 0, 1);
  await vi.waitFor(() => expect(logLines).toContainEqual(expect.objectContaining({ level: 'debug' })));
  away = false;
  await queue.close();
  expect(sent).toEqual([['0']]);
});

interface TestQueueOptions extends Partial<EventQueueOptions<string>> {
  readonly beforeSend?: (batch: readonly string[]) => void | Promise<void>;
}

function startQueue({ beforeSend, ...options }: TestQueueOptions = {}): {
  queue: EventQueue<string>;
  sent: string[][];
  logLines: Record<string, unknown>[];
  dropped: () => number;
} {
  const sent: string[][] = [];
  const logLines: Record<string, unknown>[] = [];
  let dropped = 0;
  const log = createLog({
    level: 'debug',
    fields: {},
    destination: { write: (line) => void logLines.push(JSON.parse(line)) },
  });
  const queue = createEventQueue<string>({
    send: async (batch) => {
      await beforeSend?.(batch);
      sent.push([...batch]);
    },
    log,
    onDropped: (count) => (dropped += count),
    batchDelayMs: 1,
    retryDelayMs: () => 1,
    // However busy the machine is.
    closeTimeoutMs: 60_000,
    ...options,
  });
  return { queue, sent, logLines, dropped: () => dropped };
}

function push(queue: EventQueue<string>, from: number, to: number): void {
  for (let id = from; id < to; id += 1) queue.push(String(id));
}

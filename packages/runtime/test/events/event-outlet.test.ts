import { expect, onTestFinished, test } from 'vitest';
import { connectEventQueue, createEventOutlet, type EventOutlet } from '../../src/events/event-outlet.ts';
import { createLog } from '../../src/log.ts';
import { startEventTaker } from '../support/event-taker.ts';

const MEDIA_TYPE = 'application/test+json';

function openOutlet(socketPath: string | undefined): EventOutlet<string> {
  const outlet = createEventOutlet<string>({ socketPath, mediaType: MEDIA_TYPE, log: createTestLog().log });
  onTestFinished(() => outlet.close());
  return outlet;
}

function createTestLog(): { log: ReturnType<typeof createLog>; lines: string[] } {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { log: createLog({ level: 'debug', fields: {}, destination }), lines };
}

test('events go to the socket, in an envelope of their media type', async () => {
  const taker = await startEventTaker<string>();
  const outlet = openOutlet(taker.socketPath);

  outlet.push(() => 'a');
  outlet.push(() => 'b');

  await expect.poll(() => taker.taken).toEqual(['a', 'b']);
  expect([...taker.mediaTypes]).toEqual([MEDIA_TYPE]);
});

test('while nobody wants to know, no event is made', () => {
  const outlet = openOutlet(undefined);
  outlet.push(() => {
    throw new Error('made for nobody');
  });
});

test('whoever wants to know later is told of what happens from then on', async () => {
  const taker = await startEventTaker<string>();
  const outlet = openOutlet(undefined);
  outlet.push(() => 'before');

  await outlet.connect(taker.socketPath);
  outlet.push(() => 'after');
  await outlet.close();

  expect(taker.taken).toEqual(['after']);
});

test('what was pushed before another socket is named still goes to the first', async () => {
  const [first, second] = [await startEventTaker<string>(), await startEventTaker<string>()];
  const outlet = openOutlet(first.socketPath);

  outlet.push(() => 'a');
  await outlet.connect(second.socketPath);
  outlet.push(() => 'b');
  await outlet.close();

  expect(first.taken).toEqual(['a']);
  expect(second.taken).toEqual(['b']);
});

test('what the taker refuses with 4xx is not sent again, and with 5xx it is', async () => {
  const statuses = [500, 400];
  const taker = await startEventTaker<string>(() => statuses.shift() ?? 200);
  const { log, lines } = createTestLog();
  const queue = connectEventQueue<string>(taker.socketPath, MEDIA_TYPE, log);

  queue.push('refused');
  await expect.poll(() => lines.join('')).toContain('events refused');
  queue.push('taken');
  await queue.close();

  expect(taker.taken).toEqual(['taken']);
  expect(statuses).toEqual([]);
});

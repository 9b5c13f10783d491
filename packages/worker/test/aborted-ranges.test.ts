import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { parseRepositoryName } from '@registry-cache/oci';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serveWorker, type HeldBlob, type ServedWorker } from './support/served-worker.ts';

const MIB = 1024 * 1024;
const NAME = parseRepositoryName('org/image');
const BYTES = randomBytes(12 * MIB);
const FAR = 10 * MIB;
/** Windows of one upstream at a time. */
const PLACES = 16;

let worker: ServedWorker;
let blob: HeldBlob;

beforeEach(async () => {
  worker = await serveWorker();
  blob = worker.holdBlob(NAME, BYTES);
  blob.body.write(BYTES.subarray(0, MIB));
});
afterEach(() => worker.close());

function openRange(start: number): Promise<IncomingMessage> {
  return worker.open(blob.path, { range: `bytes=${start}-` });
}

function leave(res: IncomingMessage): void {
  res.on('error', () => {}).destroy();
}

function openWindows(): HeldBlob['windows'] {
  return blob.windows.filter(({ body }) => !body.destroyed);
}

async function openDescriptors(): Promise<number> {
  return (await readdir('/proc/self/fd')).length;
}

test(
  'hundreds of ranges that are dropped after their first chunk leave nothing open',
  { timeout: 30_000 },
  async () => {
    const fill = await openRange(0);
    await once(fill, 'readable');
    const before = await openDescriptors();

    const starts = Array.from({ length: 300 }, (_, index) =>
      index % 2 === 0 ? index * 1000 : FAR + index * 1000,
    );
    const answers = await Promise.all(starts.map(openRange));
    const dropped = answers.map(async (res) => {
      await once(res, 'data');
      leave(res);
    });
    // Whatever window gets its turn sends one chunk and then nothing.
    const sent = new Set<HeldBlob['windows'][number]>();
    await expect
      .poll(
        () => {
          for (const window of blob.windows.filter((each) => !sent.has(each))) {
            sent.add(window);
            window.body.write(BYTES.subarray(window.range.start, window.range.start + 1000));
          }
          return blob.windows.length;
        },
        { timeout: 20_000 },
      )
      .toBe(150);
    await Promise.all(dropped);

    await expect.poll(() => openWindows().length).toBe(0);
    await expect.poll(openDescriptors).toBe(before);
    blob.body.end(BYTES.subarray(MIB));
    expect(Buffer.concat(await fill.toArray()).equals(BYTES)).toBe(true);
    await expect.poll(() => worker.store.findBlob(blob.digest)).toBeDefined();
  },
);

test('windows beyond their number wait in order, and who leaves the queue is not waited for', async () => {
  const answers: IncomingMessage[] = [];
  for (let index = 0; index < PLACES + 3; index += 1) {
    answers.push(await openRange(FAR + index));
    await expect.poll(() => blob.windows.length).toBe(Math.min(index + 1, PLACES));
  }
  const [inWindow, , , nextInWindow] = answers;
  const [firstInQueue, , lastInQueue] = answers.slice(PLACES);
  if (!inWindow || !nextInWindow || !firstInQueue || !lastInQueue) throw new Error('too few answers');

  const before = await openDescriptors();
  leave(firstInQueue);
  // Both ends of its connection, so that the worker knows.
  await expect.poll(openDescriptors).toBe(before - 2);
  leave(inWindow);
  await expect.poll(() => blob.windows.length).toBe(PLACES + 1);
  leave(nextInWindow);
  await expect.poll(() => blob.windows.length).toBe(PLACES + 2);
  expect(blob.windows.slice(PLACES).map(({ range }) => range.start)).toEqual([
    FAR + PLACES + 1,
    FAR + PLACES + 2,
  ]);
  expect(openWindows()).toHaveLength(PLACES);
  for (const res of answers) leave(res);
  await expect.poll(() => openWindows().length).toBe(0);
});

test('a range that waits for a window is read from the fill when that comes by', async () => {
  const answers = await Promise.all(Array.from({ length: PLACES + 1 }, () => openRange(FAR)));
  await expect.poll(() => blob.windows.length).toBe(PLACES);
  blob.body.end(BYTES.subarray(MIB));
  for (const bytes of await Promise.all(answers.map((res) => res.toArray()))) {
    expect(Buffer.concat(bytes).equals(BYTES.subarray(FAR))).toBe(true);
  }
  expect(openWindows()).toEqual([]);
});

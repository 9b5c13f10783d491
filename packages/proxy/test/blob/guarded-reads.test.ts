import { createBlobReader, type BlobReader } from '@registry-cache/store/read';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createGuardedBlobReader, type GuardedBlob } from '../../src/blob/guarded-reads.ts';
import { WINDOW_BYTES } from '../../src/blob/recent-reads.ts';
import { storeBlob } from '../support/stored-blob.ts';

const BYTES = randomBytes(10 * 1024 * 1024);

test('a read gives the bytes that were asked for, across its windows', async () => {
  const { blob } = await openBlob();
  expect((await readAll(blob, 5, BYTES.length - 2)).equals(BYTES.subarray(5, BYTES.length - 1))).toBe(true);
});

test('a reader whose client is fast has large chunks', async () => {
  const { blob } = await openBlob();
  const reader = readerOf(blob);
  for (let count = 0; count < 20; count += 1) expect(await chunkBytes(reader)).toBe(LARGE);
  await reader.return?.();
});

test('a reader whose client is slow has small ones after the first, and large ones when it is fast again', async () => {
  const { blob, clock } = await openBlob();
  const reader = readerOf(blob);
  expect(await chunkBytes(reader)).toBe(LARGE);
  for (let count = 0; count < 3; count += 1) {
    clock.nowMs += 200;
    expect(await chunkBytes(reader)).toBe(SMALL);
  }
  expect(await chunkBytes(reader)).toBe(LARGE);
  await reader.return?.();
});

test('readers beyond the first 64 hold small chunks, and large ones again when others have finished', async () => {
  const { blob } = await openBlob();
  const readers = Array.from({ length: 64 }, () => readerOf(blob));
  for (const reader of readers) expect(await chunkBytes(reader)).toBe(LARGE);
  const late = readerOf(blob);
  expect([await chunkBytes(late), await chunkBytes(late)]).toEqual([SMALL, SMALL]);
  for (const reader of readers) await reader.return?.();
  expect(await chunkBytes(late)).toBe(LARGE);
  await late.return?.();
});

describe('what was read a moment ago is read without a thread', () => {
  test('for thirty seconds', async () => {
    const { blob, clock, reads } = await openBlob();
    expect((await readAll(blob)).equals(BYTES)).toBe(true);
    expect(reads.now).toBe(0);
    const { byThreads } = reads;
    expect((await readAll(blob)).equals(BYTES)).toBe(true);
    expect(reads.byThreads).toBe(byThreads);
    clock.nowMs += 30_000;
    expect((await readAll(blob)).equals(BYTES)).toBe(true);
    expect(reads.byThreads).toBe(2 * byThreads);
  });

  test('unless it had to wait for the disk all the same', async () => {
    const { blob, reads } = await openBlob({ diskMs: 3 });
    await readAll(blob);
    const { byThreads } = reads;
    expect((await readAll(blob)).equals(BYTES)).toBe(true);
    // Once for each window, and one more for the chunk at the beginning.
    expect(reads.now).toBe(Math.ceil(BYTES.length / WINDOW_BYTES) + 1);
    expect(reads.byThreads).toBe(2 * byThreads - reads.now);
  });

  test('and not what was read in parts, or of another blob', async () => {
    const { blob, reads } = await openBlob();
    await readAll(blob, 1, BYTES.length - 2);
    await readAll(blob, 0, 100);
    expect(reads.now).toBe(0);
    const { byThreads } = reads;
    await readAll(blob, WINDOW_BYTES, 2 * WINDOW_BYTES - 1);
    expect([reads.now > 0, reads.byThreads]).toEqual([true, byThreads]);
  });
});

const SMALL = 64 * 1024;
const LARGE = 256 * 1024;

interface Fixture {
  readonly blob: GuardedBlob;
  readonly clock: { nowMs: number };
  /** How often the disk was read. */
  readonly reads: { now: number; byThreads: number };
}

/** @param diskMs how long each read takes by the clock */
async function openBlob({ diskMs = 0 }: { readonly diskMs?: number } = {}): Promise<Fixture> {
  const rootDirectory = await mkdtemp(join(tmpdir(), 'guarded-'));
  onTestFinished(() => rm(rootDirectory, { recursive: true }));
  const { accelPath } = await storeBlob(rootDirectory, BYTES);
  const clock = { nowMs: 1_000_000 };
  const reads = { now: 0, byThreads: 0 };
  const blobs = createBlobReader({ rootDirectory });
  const counting: BlobReader = {
    open: async (path) => {
      const opened = await blobs.open(path);
      if (opened === undefined) return undefined;
      return {
        ...opened,
        readInto: (target, position) => {
          reads.byThreads += 1;
          return opened.readInto(target, position);
        },
        readNow: (target, position) => {
          reads.now += 1;
          clock.nowMs += diskMs;
          return opened.readNow(target, position);
        },
      };
    },
  };
  const blob = await createGuardedBlobReader(counting, () => clock.nowMs).open(accelPath);
  if (blob === undefined) throw new Error('the blob is not there');
  onTestFinished(() => blob.close());
  return { blob, clock, reads };
}

function readerOf(blob: GuardedBlob): AsyncIterator<Uint8Array> {
  return blob.read(0, BYTES.length - 1)[Symbol.asyncIterator]();
}

async function readAll(blob: GuardedBlob, start = 0, end: number = BYTES.length - 1): Promise<Buffer> {
  const received: Buffer[] = [];
  for await (const chunk of blob.read(start, end)) received.push(Buffer.from(chunk));
  return Buffer.concat(received);
}

async function chunkBytes(reader: AsyncIterator<Uint8Array>): Promise<number> {
  const { done, value } = await reader.next();
  return done === true ? 0 : value.length;
}

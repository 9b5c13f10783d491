import { Readable } from 'node:stream';
import { digestOf, parseRepositoryName } from '@registry-cache/oci';
import { expect, test } from 'vitest';
import { createBlobWindows } from '../src/fill/blob-windows.ts';
import type { FillRange } from '../src/fill/fill-reader.ts';
import type { BlobRange, UpstreamRegistry } from '../src/upstream/upstream-registry.ts';

const MIB = 1024 * 1024;
const SIZE_BYTES = 200 * MIB;

/** Whose turn it was to send a byte, in place of its value: 1 the fill, 2 the upstream. */
function* bytesBy(sender: number, { start, end = SIZE_BYTES }: FillRange): Generator<Uint8Array> {
  for (let left = end - start; left > 0; left -= MIB) yield Buffer.alloc(Math.min(left, MIB), sender);
}

test('a long range goes over to the fill as soon as that has come near', async () => {
  const asked: BlobRange[] = [];
  const fill = {
    digest: digestOf(Buffer.of()),
    sizeBytes: SIZE_BYTES,
    receivedBytes: 0,
    readers: 0,
    finished: new Promise<void>(() => {}),
    read: (range: FillRange) =>
      fill.receivedBytes > range.start ? Readable.from(bytesBy(1, range)) : new Readable({ read() {} }),
  };
  const upstream: Pick<UpstreamRegistry, 'blobGet'> = {
    async blobGet(_name, _digest, { range }) {
      if (range === undefined) throw new Error('expected a range');
      asked.push(range);
      if (asked.length === 2) fill.receivedBytes = SIZE_BYTES;
      return { body: Readable.from(bytesBy(2, range)), start: range.start, sizeBytes: SIZE_BYTES };
    },
  };

  const received = { 1: 0, 2: 0 };
  const source = { upstream, name: parseRepositoryName('org/image') };
  const range = { start: 20 * MIB, end: SIZE_BYTES };
  for await (const chunk of createBlobWindows().read(fill, source, range)) {
    received[(chunk as Uint8Array)[0] === 1 ? 1 : 2] += (chunk as Uint8Array).length;
  }
  expect(asked).toEqual([
    { start: 20 * MIB, end: 84 * MIB },
    { start: 84 * MIB, end: 148 * MIB },
  ]);
  expect(received).toEqual({ 1: 52 * MIB, 2: 128 * MIB });
});

test('clients share the windows of an upstream, however many they are', async () => {
  const fill = {
    digest: digestOf(Buffer.of()),
    sizeBytes: SIZE_BYTES,
    receivedBytes: 0,
    readers: 0,
    finished: new Promise<void>(() => {}),
    read: () => new Readable({ read() {} }),
  };
  const windows = createBlobWindows();
  const asked: string[] = [];
  const name = parseRepositoryName('org/image');
  const readAs = (client: string): Readable =>
    windows.read(
      fill,
      {
        name,
        upstream: {
          async blobGet(_name, _digest, { range }) {
            asked.push(client);
            return { body: new Readable({ read() {} }), start: range?.start ?? 0, sizeBytes: SIZE_BYTES };
          },
        },
      },
      { start: 100 * MIB, end: 101 * MIB },
    );
  const streams = Array.from({ length: 20 }, (_, n) => readAs(`client ${n}`).resume());
  await expect.poll(() => asked.length).toBe(16);
  for (const stream of streams.slice(0, 16)) stream.destroy();
  await expect.poll(() => asked).toHaveLength(20);
  expect(asked).toContain('client 19');
  for (const stream of streams) stream.destroy();
});

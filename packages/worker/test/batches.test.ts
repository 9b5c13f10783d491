import { PassThrough, Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { inBatches } from '../src/fill/batches.ts';

const chunksOf = (...sizes: number[]): Buffer[] => sizes.map((size, index) => Buffer.alloc(size, index + 1));

function bodyOf(chunks: readonly Uint8Array[]): PassThrough {
  const body = new PassThrough({ highWaterMark: 10_000_000 });
  for (const chunk of chunks) body.write(chunk);
  return body;
}

test('what has come while the last batch was stored is one batch, in pieces as they came', async () => {
  const [first = Buffer.alloc(0), ...rest] = chunksOf(40_000, 50_000, 60_000);
  const body = bodyOf([first]);
  const batches = inBatches(body, 1_000_000);
  expect((await batches.next()).value).toEqual([first]);
  for (const chunk of rest) body.write(chunk);
  body.end();
  await new Promise(setImmediate);
  expect((await batches.next()).value).toEqual(rest);
  expect(await batches.next()).toEqual({ done: true, value: undefined });
});

test('small chunks are put together', async () => {
  const chunks = chunksOf(10, 20, 30);
  const batches = inBatches(bodyOf(chunks), 1_000_000);
  await new Promise(setImmediate);
  expect((await batches.next()).value).toEqual([Buffer.concat(chunks)]);
});

test('a body waits while a batch is full', async () => {
  const body = bodyOf(chunksOf(50_000, 50_000, 50_000));
  body.end();
  const sizes: number[] = [];
  for await (const batch of inBatches(body, 60_000)) {
    sizes.push(batch.reduce((sum, { byteLength }) => sum + byteLength, 0));
    await new Promise(setImmediate);
  }
  expect(Math.max(...sizes)).toBeLessThanOrEqual(100_000);
  expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBe(150_000);
});

test('a body that was paused flows, and its error comes behind its bytes', async () => {
  const body = bodyOf(chunksOf(40_000));
  body.pause();
  body.on('data', () => setImmediate(() => body.destroy(new Error('reset'))));
  body.pause();
  const batches = inBatches(body, 1_000_000);
  expect((await batches.next()).value?.length).toBe(1);
  await expect(batches.next()).rejects.toThrow('reset');
});

test('a body that is cut off without an error is not taken for complete', async () => {
  const body = bodyOf(chunksOf(40_000));
  const batches = inBatches(body, 1_000_000);
  await batches.next();
  body.destroy();
  await expect(batches.next()).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
});

test('whoever leaves early destroys the body', async () => {
  const body = Readable.from(chunksOf(40_000, 40_000));
  for await (const batch of inBatches(body, 10_000)) {
    expect(batch).not.toHaveLength(0);
    break;
  }
  expect(body.destroyed).toBe(true);
});

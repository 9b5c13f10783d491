import { createBlobReader } from '@registry-cache/store/read';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createGuardedBlobReader, type GuardedBlob } from '../../src/blob/guarded-reads.ts';
import { storeBlob } from '../support/stored-blob.ts';

const BYTES = randomBytes(10 * 1024 * 1024);

test('a read gives the bytes that were asked for, across its windows', async () => {
  const blob = await openBlob();
  const received: Buffer[] = [];
  for await (const chunk of blob.read(5, BYTES.length - 2)) received.push(Buffer.from(chunk));
  expect(Buffer.concat(received).equals(BYTES.subarray(5, BYTES.length - 1))).toBe(true);
});

test('readers beyond the first 64 hold small chunks, and large ones again when others have finished', async () => {
  const blob = await openBlob();
  const readers = Array.from({ length: 64 }, () => blob.read(0, BYTES.length - 1)[Symbol.asyncIterator]());
  for (const reader of readers) expect(await chunkBytes(reader)).toBe(256 * 1024);
  const late = blob.read(0, BYTES.length - 1)[Symbol.asyncIterator]();
  expect(await chunkBytes(late)).toBe(64 * 1024);
  for (const reader of readers) await reader.return?.();
  expect(await chunkBytes(late)).toBe(256 * 1024);
  await late.return?.();
});

async function openBlob(): Promise<GuardedBlob> {
  const rootDirectory = await mkdtemp(join(tmpdir(), 'guarded-'));
  onTestFinished(() => rm(rootDirectory, { recursive: true }));
  const { accelPath } = await storeBlob(rootDirectory, BYTES);
  const blob = await createGuardedBlobReader(createBlobReader({ rootDirectory })).open(accelPath);
  if (blob === undefined) throw new Error('the blob is not there');
  onTestFinished(() => blob.close());
  return blob;
}

async function chunkBytes(reader: AsyncIterator<Uint8Array>): Promise<number> {
  const { done, value } = await reader.next();
  return done === true ? 0 : value.length;
}

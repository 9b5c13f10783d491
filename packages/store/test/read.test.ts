import { digestOf, type Digest } from '@registry-cache/oci';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { blobDataPath, layoutOf } from '../src/layout.ts';
import { createBlobReader, type BlobReader, type OpenBlob } from '../src/read.ts';

let root: string;
let reader: BlobReader;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'read-'));
  reader = createBlobReader({ rootDirectory: root });
});

afterEach(() => rm(root, { recursive: true, force: true }));

describe('an open blob', () => {
  test('is read whole, over several chunks', async () => {
    const bytes = randomBytes(1_300_000);
    const blob = await openStored(bytes);
    expect(blob.sizeBytes).toBe(bytes.length);
    expect((await collect(blob, 0, bytes.length - 1)).equals(bytes)).toBe(true);
    await blob.close();
  });

  test('gives a range with both ends included', async () => {
    const blob = await openStored(Buffer.from('0123456789'));
    expect((await collect(blob, 2, 5)).toString()).toBe('2345');
    expect((await collect(blob, 9, 9)).toString()).toBe('9');
    await blob.close();
  });

  test('stays readable after it was evicted', async () => {
    const bytes = Buffer.from('evicted while it is sent');
    const blob = await openStored(bytes);
    await rm(layoutOf(root).blobs, { recursive: true });
    expect((await collect(blob, 0, bytes.length - 1)).equals(bytes)).toBe(true);
    await blob.close();
  });

  test('rejects when its file is shorter than it was', async () => {
    const digest = await put(Buffer.from('0123456789'));
    const blob = await openFound(digest);
    await truncate(dataPath(digest), 4);
    await expect(collect(blob, 0, 9)).rejects.toThrow('blob ends at byte 4');
    await blob.close();
  });

  test('may be closed right after a receiver left in the middle', async () => {
    const blob = await openStored(randomBytes(3_000_000));
    for await (const chunk of blob.read(0, 2_999_999)) {
      expect(chunk.length).toBe(512 * 1024);
      break;
    }
    await blob.close();
  });
});

test('a blob that is not there is absent', async () => {
  expect(await reader.open(accelPath(digestOf(Buffer.from('nobody'))))).toBeUndefined();
});

describe('a path that the store did not make is refused', () => {
  const digest = digestOf(Buffer.from('x'));
  const hex = digest.slice('sha256:'.length);
  test.each([
    ['no leading slash', `blobs/${blobDataPath(digest)}`],
    ['another file', `/blobs/sha256/${hex.slice(0, 2)}/${hex}/link`],
    ['another shard', `/blobs/sha256/zz/${hex}/data`],
    ['parent folders', `/blobs/sha256/../${hex}/data`],
    ['upper case', `/blobs/${blobDataPath(digest).toUpperCase()}`],
    ['a short digest', `/blobs/sha256/ab/ab12/data`],
    ['another algorithm', `/blobs/md5/ab/ab12/data`],
    ['something behind it', `/blobs/${blobDataPath(digest)}/..`],
    ['a line end', `/blobs/${blobDataPath(digest)}\n`],
    ['another tree', `/repositories/${blobDataPath(digest)}`],
    ['nothing', ''],
  ])('%s', async (_name, path) => {
    await put(Buffer.from('x'));
    await expect(async () => reader.open(path)).rejects.toThrow('invalid blob path');
  });
});

test('a symbolic link in place of the data is not followed', async () => {
  const digest = await put(Buffer.from('x'));
  await rename(dataPath(digest), join(root, 'elsewhere'));
  await symlink(join(root, 'elsewhere'), dataPath(digest));
  await expect(reader.open(accelPath(digest))).rejects.toThrow('cannot open blob');
});

test('a folder in place of the data is not a blob', async () => {
  const digest = digestOf(Buffer.from('x'));
  await mkdir(dataPath(digest), { recursive: true });
  await expect(reader.open(accelPath(digest))).rejects.toThrow('expected a file');
});

async function openStored(bytes: Buffer): Promise<OpenBlob> {
  return openFound(await put(bytes));
}

async function openFound(digest: Digest): Promise<OpenBlob> {
  const blob = await reader.open(accelPath(digest));
  if (blob === undefined) throw new Error('expected the blob to be there');
  return blob;
}

async function put(bytes: Buffer): Promise<Digest> {
  const digest = digestOf(bytes);
  await mkdir(dirname(dataPath(digest)), { recursive: true });
  await writeFile(dataPath(digest), bytes);
  return digest;
}

function dataPath(digest: Digest): string {
  return join(layoutOf(root).blobs, blobDataPath(digest));
}

function accelPath(digest: Digest): string {
  return `/blobs/${blobDataPath(digest)}`;
}

async function collect(blob: OpenBlob, start: number, end: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of blob.read(start, end)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

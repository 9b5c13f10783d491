import { mkdir, mkdtemp, open, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { digestOf, parseDigest, type Digest } from '@registry-cache/oci';
import { onTestFinished } from 'vitest';
import { blobDataPath, layoutOf, type Layout } from '../../src/layout.ts';

export const MINUTE_MS: number = 60_000;
export const HOUR_MS: number = 60 * MINUTE_MS;
export const DAY_MS: number = 24 * HOUR_MS;

export interface BlobTimes {
  readonly accessedAtMs?: number;
  readonly filledAtMs?: number;
}

/** A store's folder on a real disk, written to without the store's own code, as another program would. */
export interface StoreFolder {
  readonly rootDirectory: string;
  readonly layout: Layout;
  blobPath(digest: Digest): string;
  writeBlob(bytes: string, times?: BlobTimes): Promise<Digest>;
  /** A blob that has the size and no content, under a digest made up from `id`. */
  writeSparseBlob(id: number, sizeBytes: number, times?: BlobTimes): Promise<Digest>;
  /** Writes a file below `rootDirectory` as if it was `ageMs` ago. */
  writeFile(path: string, text: string, ageMs?: number): Promise<void>;
  /** Makes a folder look as if it was last written to `ageMs` ago. */
  age(path: string, ageMs: number): Promise<void>;
  has(path: string): Promise<boolean>;
  hasBlob(digest: Digest): Promise<boolean>;
}

/** Removed when the test ends. */
export async function createStoreFolder(): Promise<StoreFolder> {
  const rootDirectory = await mkdtemp(join(tmpdir(), 'store-'));
  onTestFinished(() => rm(rootDirectory, { recursive: true, force: true }));
  const layout = layoutOf(rootDirectory);
  const blobPath = (digest: Digest): string => join(layout.blobs, blobDataPath(digest));

  return {
    rootDirectory,
    layout,
    blobPath,
    async writeBlob(text, times = {}) {
      const digest = digestOf(Buffer.from(text));
      await mkdir(dirname(blobPath(digest)), { recursive: true });
      await writeFile(blobPath(digest), text);
      await setTimes(blobPath(digest), times);
      return digest;
    },
    async writeSparseBlob(id, sizeBytes, times = {}) {
      const digest = sparseDigest(id);
      await mkdir(dirname(blobPath(digest)), { recursive: true });
      const file = await open(blobPath(digest), 'w');
      await file.truncate(sizeBytes);
      await file.close();
      await setTimes(blobPath(digest), times);
      return digest;
    },
    async writeFile(path, text, ageMs = 0) {
      const absolutePath = join(rootDirectory, path);
      await mkdir(dirname(absolutePath), { recursive: true });
      await writeFile(absolutePath, text);
      const writtenAtMs = Date.now() - ageMs;
      await setTimes(absolutePath, { accessedAtMs: writtenAtMs, filledAtMs: writtenAtMs });
    },
    age: (path, ageMs) => setTimes(join(rootDirectory, path), { filledAtMs: Date.now() - ageMs }),
    has: (path) => exists(join(rootDirectory, path)),
    hasBlob: (digest) => exists(blobPath(digest)),
  };
}

export function sparseDigest(id: number): Digest {
  return parseDigest(
    `sha256:${(id % 256).toString(16).padStart(2, '0')}${id.toString(16).padStart(62, '0')}`,
  );
}

async function setTimes(path: string, { accessedAtMs, filledAtMs }: BlobTimes): Promise<void> {
  const filledAt = filledAtMs ?? accessedAtMs ?? Date.now();
  await utimes(path, (accessedAtMs ?? filledAt) / 1000, filledAt / 1000);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

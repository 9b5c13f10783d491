import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { digestAlgorithm, digestHex, type Digest } from '@registry-cache/oci';
import { unlessAbsent } from './absence.ts';
import type { FillFile } from './fill-file.ts';
import { putInPlace } from './put-in-place.ts';
import { createVerifier, type Verifier } from './verifier.ts';

export interface DiskFillOptions {
  readonly digest: Digest;
  /** Created when missing, readable by nobody else: its bytes are not verified yet and may be private. */
  readonly folder: string;
  /** Where the blob is found once it is published. */
  readonly path: string;
}

/** Makes and finds the files of fills. */
export interface DiskFills {
  /** Every fill has a file of its own, so two that fill the same blob never write into each other's. */
  create(options: DiskFillOptions): Promise<FillFile>;
  /** Goes on with what an earlier process or fill left of this blob, after hashing it again; undefined where nothing is left. */
  adopt(options: DiskFillOptions): Promise<FillFile | undefined>;
}

const READ_BYTES = 1024 * 1024;

export function createDiskFills(): DiskFills {
  // What is being written to is nobody's leftover.
  const inUse = new Set<string>();
  // Another cache may fill from the same data, as in a rolling update: what it has written to since we are here is its own.
  const owner = randomUUID();
  const isOurs = (name: string, mtimeMs: number): boolean => name.includes(owner) || mtimeMs < startedAtMs;
  const startedAtMs = Date.now();

  return {
    async create(options) {
      const temporaryPath = newPath(options, owner);
      inUse.add(temporaryPath);
      try {
        const file = await createIn(options.folder, temporaryPath);
        return fillFile({ ...options, temporaryPath, inUse, file, seen: createVerifier(options.digest) });
      } catch (error) {
        inUse.delete(temporaryPath);
        throw error;
      }
    },

    async adopt(options) {
      const leftover = await findLargestLeftover(options, { inUse, isOurs });
      if (leftover === undefined) return undefined;
      const temporaryPath = newPath(options, owner);
      inUse.add(temporaryPath);
      // Under its new name it is ours alone: of several who find it, one can rename it.
      const renamed = await unlessAbsent(rename(leftover, temporaryPath).then(() => true));
      const file = renamed === true ? await unlessAbsent(open(temporaryPath, 'r+')) : undefined;
      if (file === undefined) {
        inUse.delete(temporaryPath);
        return undefined;
      }
      try {
        const seen = await hashAll(file, createVerifier(options.digest));
        return fillFile({ ...options, temporaryPath, inUse, file, seen });
      } catch (error) {
        inUse.delete(temporaryPath);
        await file.close();
        throw error;
      }
    },
  };
}

/** The folder is nearly always there. */
async function createIn(folder: string, path: string): Promise<FileHandle> {
  const file = await unlessAbsent(open(path, 'wx+'));
  if (file !== undefined) return file;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return open(path, 'wx+');
}

function namePrefix(digest: Digest): string {
  return `${digestAlgorithm(digest)}-${digestHex(digest)}.`;
}

function newPath({ folder, digest }: DiskFillOptions, owner: string): string {
  return join(folder, `${namePrefix(digest)}${owner}.${randomUUID()}`);
}

interface Ownership {
  readonly inUse: ReadonlySet<string>;
  /** Whether a file that is not in use here may be gone on with, by its name and when it was last written to. */
  readonly isOurs: (name: string, mtimeMs: number) => boolean;
}

async function findLargestLeftover(
  { folder, digest }: DiskFillOptions,
  { inUse, isOurs }: Ownership,
): Promise<string | undefined> {
  const names = (await unlessAbsent(readdir(folder))) ?? [];
  const paths = names.filter((name) => name.startsWith(namePrefix(digest))).map((name) => join(folder, name));
  let largest: { path: string; sizeBytes: number } | undefined;
  for (const path of paths.filter((each) => !inUse.has(each))) {
    const file = await unlessAbsent(stat(path));
    const sizeBytes = file !== undefined && isOurs(basename(path), file.mtimeMs) ? file.size : 0;
    if (sizeBytes > (largest?.sizeBytes ?? 0)) largest = { path, sizeBytes };
  }
  return largest?.path;
}

async function hashAll(file: FileHandle, verifier: Verifier): Promise<Verifier> {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, verifier.sizeBytes);
    if (bytesRead === 0) return verifier;
    verifier.update(buffer.subarray(0, bytesRead));
  }
}

interface OpenFillOptions extends DiskFillOptions {
  readonly temporaryPath: string;
  readonly inUse: Set<string>;
  readonly file: FileHandle;
  /** Has seen what is in the file. */
  readonly seen: Verifier;
}

function fillFile({ path, temporaryPath, inUse, file, seen: seenBefore }: OpenFillOptions): FillFile {
  let seen = seenBefore;
  return {
    get sizeBytes() {
      return seen.sizeBytes;
    },
    async append(...chunks) {
      const next = seen.copy();
      const written = writeFully(file, chunks, seen.sizeBytes);
      // Hashed here while another thread writes.
      for (const chunk of chunks) next.update(chunk);
      await written;
      seen = next;
    },
    async read(buffer, position) {
      const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, position);
      return bytesRead;
    },
    verify: () => seen.verify(),
    verifier: () => seen.copy(),
    async publish() {
      seen.verify();
      // A write that failed half way has left bytes behind the last one that counts.
      await file.truncate(seen.sizeBytes);
      const now = new Date();
      await file.utimes(now, now);
      // A blob that a power cut made shorter would be served as good for ever.
      await file.datasync();
      await putInPlace(temporaryPath, path);
    },
    async discard() {
      await rm(temporaryPath, { force: true });
    },
    leave: () => void inUse.delete(temporaryPath),
    async close() {
      inUse.delete(temporaryPath);
      await file.close();
    },
  };
}

async function writeFully(file: FileHandle, chunks: readonly Uint8Array[], position: number): Promise<void> {
  const sizeBytes = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
  let { bytesWritten: written } = await file.writev(chunks, position);
  if (written === sizeBytes) return;
  // What the disk has not taken at once is rare, and may be what tells that it is full.
  const bytes = Buffer.concat(chunks, sizeBytes);
  while (written < sizeBytes) {
    const { bytesWritten } = await file.write(bytes, written, sizeBytes - written, position + written);
    written += bytesWritten;
  }
}

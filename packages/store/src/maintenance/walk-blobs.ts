import { join } from 'node:path';
import { findDigest, type Digest, type DigestAlgorithm } from '@registry-cache/oci';
import fastGlob from 'fast-glob';
import { blobDataPath, type Layout } from '../layout.ts';
import type { StoredBlob } from '../store.ts';
import { batchesOf } from './batches.ts';
import { diskCalls } from './disk-calls.ts';
import { entriesIn } from './folder-entries.ts';

/** The folder of one digest, and the blob in it. */
export interface BlobFolder {
  readonly digest: Digest;
  /** Undefined where the folder is there and its blob is not, as a process that was killed leaves it. */
  readonly blob: StoredBlob | undefined;
}

const ALGORITHMS: readonly DigestAlgorithm[] = ['sha256', 'sha512'];
// libuv runs four of them at a time; more only keeps its queue from running dry.
const STATS_UNDER_WAY = 64;

/** Every blob of the store, in no order. What is published or evicted meanwhile may or may not be among them. */
export async function* walkBlobs(layout: Layout, signal: AbortSignal): AsyncGenerator<StoredBlob> {
  for await (const folders of walkBlobFolders(layout, signal)) {
    for (const { blob } of folders) if (blob !== undefined) yield blob;
  }
}

/**
 * Every digest that has a folder under `blobs/`, a few together. Names of one two-hex folder at a time are in memory: with one
 * glob over everything, a million blobs took twenty times as long and more than a gigabyte.
 */
export async function* walkBlobFolders(
  layout: Layout,
  signal: AbortSignal,
): AsyncGenerator<readonly BlobFolder[]> {
  for (const algorithm of ALGORITHMS) {
    const folder = join(layout.blobs, algorithm);
    for (const shard of await foldersIn(folder)) {
      signal.throwIfAborted();
      for await (const batch of batchesOf(
        digestsIn(join(folder, shard), algorithm, shard),
        STATS_UNDER_WAY,
      )) {
        signal.throwIfAborted();
        yield await Promise.all(batch.map((digest) => readBlobFolder(layout, digest)));
      }
    }
  }
}

async function* digestsIn(folder: string, algorithm: DigestAlgorithm, shard: string): AsyncGenerator<Digest> {
  for await (const entry of entriesIn(folder)) {
    if (!entry.isDirectory() || !entry.name.startsWith(shard)) continue;
    const digest = findDigest(`${algorithm}:${entry.name}`);
    if (digest !== undefined) yield digest;
  }
}

/** An absent folder has none. */
function foldersIn(cwd: string): Promise<string[]> {
  return fastGlob('*', { cwd, onlyDirectories: true, followSymbolicLinks: false });
}

async function readBlobFolder(layout: Layout, digest: Digest): Promise<BlobFolder> {
  const file = await diskCalls.findStats(`${layout.blobs}/${blobDataPath(digest)}`);
  if (file === undefined || !file.isFile()) return { digest, blob: undefined };
  return {
    digest,
    blob: { digest, sizeBytes: file.size, filledAtMs: file.mtimeMs, accessedAtMs: file.atimeMs },
  };
}

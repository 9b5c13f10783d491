import { findDigest } from '@registry-cache/oci';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { blobDataPath, layoutOf } from '../layout.ts';
import { createOpenBlob, type OpenBlob } from './open-blob.ts';

/** Opens what `Store.accelPath` names: the whole of the store that a process needs that only sends blobs. */
export interface BlobReader {
  /**
   * Undefined when the blob is not there, as after an eviction. The caller closes what it opened.
   *
   * @throws when `accelPath` is not exactly `/blobs/<algorithm>/<2 hex>/<hex>/data`, or names something that is not a file.
   */
  open(accelPath: string): Promise<OpenBlob | undefined>;
}

export interface BlobReaderOptions {
  readonly rootDirectory: string;
}

export function createBlobReader({ rootDirectory }: BlobReaderOptions): BlobReader {
  const { blobs } = layoutOf(rootDirectory);
  return { open: (accelPath) => openFile(join(blobs, relativeDataPath(accelPath))) };
}

/** The path is built anew from the digest that it spells, so that no byte of it is taken on trust. */
function relativeDataPath(accelPath: string): string {
  const [, algorithm, hex] = /^\/blobs\/([^/]+)\/[^/]+\/([^/]+)\/data$/.exec(accelPath) ?? [];
  const digest = findDigest(`${algorithm}:${hex}`);
  if (digest === undefined || `/blobs/${blobDataPath(digest)}` !== accelPath) {
    throw new Error(
      `invalid blob path ${JSON.stringify(accelPath.slice(0, 256))}: expected /blobs/<algorithm>/<2 hex>/<hex>/data`,
    );
  }
  return blobDataPath(digest);
}

async function openFile(path: string): Promise<OpenBlob | undefined> {
  // A store never has links in place of data; one that appears was not put there by it.
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((err: unknown) => {
    if (isNotFound(err)) return undefined;
    throw new Error(`cannot open blob ${path}: check the owner and mode of the data directory`, {
      cause: err,
    });
  });
  if (handle === undefined) return undefined;
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Error(`cannot read blob ${path}: expected a file`);
    return createOpenBlob(handle, stats.size);
  } catch (err) {
    await handle.close();
    throw err;
  }
}

function isNotFound(err: unknown): boolean {
  return err instanceof Error && 'code' in err && err.code === 'ENOENT';
}

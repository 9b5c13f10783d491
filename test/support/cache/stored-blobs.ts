import { readdir, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A blob as the disk has it, whatever the cache says. */
export interface BlobFile {
  readonly path: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly accessedAtMs: number;
  readonly filledAtMs: number;
}

export async function listStoredBlobs(dataFolder: string): Promise<BlobFile[]> {
  const entries = await readdir(dataFolder, { recursive: true });
  const files = await Promise.all(
    entries.filter((path) => path.endsWith('/data')).map((path) => findBlobFile(join(dataFolder, path))),
  );
  return files.filter((file) => file !== undefined);
}

export async function measureStoredBytes(dataFolder: string): Promise<number> {
  return (await listStoredBlobs(dataFolder)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** Makes a blob look as though it was last pulled so long ago. */
export async function ageStoredBlob({ path, filledAtMs }: BlobFile, ageMs: number): Promise<void> {
  await utimes(path, (Date.now() - ageMs) / 1000, filledAtMs / 1000);
}

/** Undefined for a blob that was evicted meanwhile. */
async function findBlobFile(path: string): Promise<BlobFile | undefined> {
  try {
    const { size: sizeBytes, atimeMs: accessedAtMs, mtimeMs: filledAtMs } = await stat(path);
    return { path, digest: `sha256:${basename(dirname(path))}`, sizeBytes, accessedAtMs, filledAtMs };
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return undefined;
    throw err;
  }
}

import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

const QUIETLY = constants.O_RDONLY | (constants.O_NOATIME ?? 0);

/** Opens a file so that reading leaves its access time, where the kernel lets us: only its owner may ask for that. */
export async function openQuietly(path: string): Promise<FileHandle> {
  try {
    return await open(path, QUIETLY);
  } catch (error) {
    if (isForbidden(error)) return open(path, 'r');
    throw error;
  }
}

/** All bytes of a file, read as `openQuietly` has it. */
export async function readQuietly(path: string): Promise<Buffer> {
  const file = await openQuietly(path);
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** As `readQuietly`, in this thread. */
export function readQuietlySync(path: string): Buffer {
  const descriptor = openQuietlySync(path);
  try {
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function openQuietlySync(path: string): number {
  try {
    return openSync(path, QUIETLY);
  } catch (error) {
    if (isForbidden(error)) return openSync(path, 'r');
    throw error;
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPERM';
}

import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findDigest, type Digest } from '@registry-cache/oci';
import { unlessAbsent } from './absence.ts';
import { putInPlace } from './put-in-place.ts';

/** The digest that a link file holds; a file that holds none, as after a power cut, is as good as absent. */
export async function readLink(path: string): Promise<Digest | undefined> {
  const text = await unlessAbsent(readFile(path, 'utf8'));
  return text === undefined ? undefined : findLinkedDigest(text);
}

export function findLinkedDigest(text: string): Digest | undefined {
  return findDigest(text.trim());
}

/** Writes or replaces a link. Readers see the old digest or the new one, never half of it. */
export async function writeLink(path: string, digest: Digest, temporaryFolder: string): Promise<void> {
  const temporaryPath = join(temporaryFolder, randomUUID());
  await mkdir(temporaryFolder, { recursive: true, mode: 0o700 });
  try {
    await writeFile(temporaryPath, digest, { flag: 'wx' });
    await putInPlace(temporaryPath, path);
  } catch (error) {
    await rm(temporaryPath, { force: true });
    throw error;
  }
}

import { lstat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '@registry-cache/oci';
import { unlessAbsent } from '../absence.ts';
import { blobDataPath, type Layout } from '../layout.ts';
import type { BlobTimes } from './remove-blob.ts';

/**
 * Sets those of a blob's times that are later than `latestMs`, in ms since the epoch, to that, and resolves with the times as the
 * disk has them then. An absent blob is left alone.
 */
export async function limitBlobTimes(
  layout: Layout,
  digest: Digest,
  latestMs: number,
): Promise<BlobTimes | undefined> {
  const path = join(layout.blobs, blobDataPath(digest));
  const file = await unlessAbsent(lstat(path));
  if (file === undefined) return undefined;
  const seconds = (ms: number): number => Math.min(ms, latestMs) / 1000;
  await unlessAbsent(utimes(path, seconds(file.atimeMs), seconds(file.mtimeMs)));
  const limited = await unlessAbsent(lstat(path));
  return limited && { filledAtMs: limited.mtimeMs, accessedAtMs: limited.atimeMs };
}

import { lstat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '@registry-cache/oci';
import { unlessAbsent } from '../absence.ts';
import { blobDataPath, type Layout } from '../layout.ts';

/** Sets those of a blob's times that are later than `latestMs`, in ms since the epoch, to that. An absent blob is left alone. */
export async function limitBlobTimes(layout: Layout, digest: Digest, latestMs: number): Promise<void> {
  const path = join(layout.blobs, blobDataPath(digest));
  const file = await unlessAbsent(lstat(path));
  if (file === undefined) return;
  const seconds = (ms: number): number => Math.min(ms, latestMs) / 1000;
  await unlessAbsent(utimes(path, seconds(file.atimeMs), seconds(file.mtimeMs)));
}

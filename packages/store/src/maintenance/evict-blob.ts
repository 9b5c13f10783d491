import { lstat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Digest } from '@registry-cache/oci';
import { unlessAbsent } from '../absence.ts';
import { blobDataPath, type Layout } from '../layout.ts';
import { removeEmptyFolder } from './empty-folder.ts';

export interface EvictionCandidate {
  readonly digest: Digest;
  /** The access time that made it a candidate. */
  readonly accessedAtMs: number;
}

/** `spared`: somebody used it since it became a candidate. `absent`: somebody else removed it. */
export type EvictionOutcome = 'evicted' | 'spared' | 'absent';

/**
 * Removes one blob unless it was used after the candidate was seen. Whoever has it open reads it to its end; everybody else
 * finds a miss. A dry run only says what would become of it.
 */
export async function evictBlob(
  layout: Layout,
  candidate: EvictionCandidate,
  dryRun: boolean,
): Promise<EvictionOutcome> {
  const path = join(layout.blobs, blobDataPath(candidate.digest));
  const file = await unlessAbsent(lstat(path));
  if (file === undefined) return 'absent';
  if (file.atimeMs !== candidate.accessedAtMs) return 'spared';
  if (dryRun) return 'evicted';
  await unlessAbsent(unlink(path));
  await removeEmptyFolder(dirname(path));
  return 'evicted';
}

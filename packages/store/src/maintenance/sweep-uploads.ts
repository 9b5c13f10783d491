import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '../absence.ts';
import type { Layout } from '../layout.ts';
import { entriesIn } from './folder-entries.ts';
import type { SweepOptions } from './sweep-options.ts';
import { walkRepositories } from './walk-repositories.ts';

export interface SweptUploads {
  readonly folders: number;
  readonly bytes: number;
}

/**
 * Removes `_uploads/<uuid>` folders in which nothing was written since the bound: a distribution registry keeps in them what it
 * receives, and what it had received when it was replaced by this cache stays there. We ourselves have none.
 */
export async function sweepUploads(layout: Layout, options: SweepOptions): Promise<SweptUploads> {
  let folders = 0;
  let bytes = 0;
  for await (const repository of walkRepositories(layout)) {
    const uploads = join(repository, '_uploads');
    for await (const entry of entriesIn(uploads)) {
      options.signal.throwIfAborted();
      if (!entry.isDirectory()) continue;
      const upload = join(uploads, entry.name);
      const { newestMs, sizeBytes } = await contentsOf(upload);
      if (newestMs > options.unchangedSinceMs) continue;
      if (!options.dryRun) await rm(upload, { recursive: true, force: true });
      folders += 1;
      bytes += sizeBytes;
    }
  }
  return { folders, bytes };
}

interface Contents {
  /** When the folder, or anything in it, was last written to. */
  readonly newestMs: number;
  readonly sizeBytes: number;
}

async function contentsOf(folder: string): Promise<Contents> {
  let newestMs = (await unlessAbsent(lstat(folder)))?.mtimeMs ?? -Infinity;
  let sizeBytes = 0;
  for await (const entry of entriesIn(folder)) {
    const path = join(folder, entry.name);
    const inside = entry.isDirectory() ? await contentsOf(path) : await fileAt(path);
    newestMs = Math.max(newestMs, inside.newestMs);
    sizeBytes += inside.sizeBytes;
  }
  return { newestMs, sizeBytes };
}

async function fileAt(path: string): Promise<Contents> {
  const file = await unlessAbsent(lstat(path));
  return { newestMs: file?.mtimeMs ?? -Infinity, sizeBytes: file?.size ?? 0 };
}

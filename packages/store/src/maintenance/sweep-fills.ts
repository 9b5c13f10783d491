import { lstat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '../absence.ts';
import type { Layout } from '../layout.ts';
import { entriesIn } from './folder-entries.ts';
import type { SweepOptions } from './sweep-options.ts';

export interface SweptFills {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Removes what processes that were killed left in `fills/` and `tmp/`. A fill that runs is written to, so it is younger than
 * the bound; its folder stays, since the next fill of that upstream needs it.
 */
export async function sweepFills(layout: Layout, options: SweepOptions): Promise<SweptFills> {
  let files = 0;
  let bytes = 0;
  for (const folder of [layout.fills, layout.temporary]) {
    for await (const path of filesBelow(folder)) {
      options.signal.throwIfAborted();
      const file = await unlessAbsent(lstat(path));
      if (file === undefined || file.mtimeMs > options.unchangedSinceMs) continue;
      if (!options.dryRun) await unlessAbsent(unlink(path));
      files += 1;
      bytes += file.size;
    }
  }
  return { files, bytes };
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const entry of entriesIn(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}

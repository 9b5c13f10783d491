import type { Dirent } from 'node:fs';
import { unlessAbsent } from '../absence.ts';
import { diskCalls } from './disk-calls.ts';

/** What is in a folder, without holding all of it in memory. An absent folder has nothing in it. */
export async function* entriesIn(path: string): AsyncGenerator<Dirent> {
  const folder = await unlessAbsent(diskCalls.openFolder(path));
  if (folder === undefined) return;
  try {
    for (;;) {
      const entry = await diskCalls.readEntry(folder);
      if (entry === null) return;
      yield entry;
    }
  } finally {
    folder.closeSync();
  }
}

import type { Dirent } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { isAbsence } from '../absence.ts';

/** What is in a folder, without holding all of it in memory. An absent folder has nothing in it. */
export async function* entriesIn(folder: string): AsyncGenerator<Dirent> {
  try {
    yield* await opendir(folder);
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
}

import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isAbsence } from './absence.ts';

// Whoever clears away empty folders may take ours within mkdir, or between mkdir and rename; that often in a row it is a broken disk.
const ATTEMPTS = 20;

/** Moves a finished file to where it is found, in one step: readers see all of it or none of it. */
export async function putInPlace(temporaryPath: string, path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await mkdir(dirname(path), { recursive: true });
      // rename is atomic only inside one filesystem, which is why temporary files live below the same root
      return await rename(temporaryPath, path);
    } catch (error) {
      if (!isAbsence(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

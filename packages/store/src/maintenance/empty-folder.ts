import { isNotEmpty, unlessAbsent } from '../absence.ts';
import { diskCalls } from './disk-calls.ts';

/**
 * Removes a folder unless something is in it. True when it is gone afterwards. Whoever makes a folder to put a file in it has to
 * expect that it is taken away in between, and makes it again.
 */
export async function removeEmptyFolder(path: string): Promise<boolean> {
  try {
    await unlessAbsent(diskCalls.removeFolder(path));
    return true;
  } catch (error) {
    if (isNotEmpty(error)) return false;
    throw error;
  }
}

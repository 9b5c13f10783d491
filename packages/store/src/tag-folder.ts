import { rm } from 'node:fs/promises';
import { isNotEmpty } from './absence.ts';

/**
 * Removes a tag with what distribution keeps beside its link. One that is confirmed at the same moment may stay, as if it had been
 * confirmed a moment later.
 */
export async function removeTagFolder(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!isNotEmpty(error)) throw error;
  }
}

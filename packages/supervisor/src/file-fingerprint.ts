import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { errnoOf } from './supervisor-error.ts';

export interface Fingerprint {
  /** The same for the same files with the same content. */
  readonly value: string;
  /** Files that were replaced where they come from, while a mount still shows what they were. */
  readonly cutOff: readonly string[];
}

// More than any file of settings has.
const MAX_BYTES = 16 * 1024 * 1024;

/** What `files` hold now; one that is missing or cannot be read is in a state like any other. */
export async function fingerprintFiles(files: readonly string[]): Promise<Fingerprint> {
  const hash = createHash('sha256');
  const cutOff: string[] = [];
  for (const path of files) {
    const file = await readState(path);
    hash.update(`${path}\0${file.state}\0`);
    if (file.cutOff) cutOff.push(path);
  }
  return { value: hash.digest('hex'), cutOff };
}

async function readState(path: string): Promise<{ state: string; cutOff: boolean }> {
  try {
    const { nlink, size, mtimeMs } = await stat(path);
    // A file that is in no folder any more can only be seen through a mount of the file itself.
    const cutOff = nlink === 0;
    if (size > MAX_BYTES) return { state: `${size} ${mtimeMs}`, cutOff };
    const content = createHash('sha256').update(await readFile(path));
    return { state: content.digest('hex'), cutOff };
  } catch (err) {
    const code = errnoOf(err);
    if (code === undefined) throw err;
    return { state: code, cutOff: false };
  }
}

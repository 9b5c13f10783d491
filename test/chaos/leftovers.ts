import { readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** A file that is no blob and no link: of a fill, or on its way to be a link. */
export interface Leftover {
  readonly path: string;
  readonly sizeBytes: number;
}

export async function listLeftovers(dataFolder: string): Promise<Leftover[]> {
  const found: Leftover[] = [];
  for (const folder of ['fills', 'tmp']) {
    const path = join(dataFolder, 'registry-cache', folder);
    for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      found.push({ path: file, sizeBytes: (await stat(file)).size });
    }
  }
  return found;
}

/** Makes them look as though nobody had written to them for two hours. */
export async function ageLeftovers(leftovers: readonly Leftover[]): Promise<void> {
  const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000);
  for (const { path } of leftovers) await utimes(path, longAgo, longAgo);
}

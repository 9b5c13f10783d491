import { lstat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { readLink } from '../link-files.ts';
import { unlessAbsent } from '../absence.ts';
import { blobDataPath, type Layout } from '../layout.ts';
import { entriesIn } from './folder-entries.ts';
import { walkRepositories } from './walk-repositories.ts';

/** A link that leads nowhere. It does no harm: what it stands for is a miss, and the cleaner removes it. */
export interface DeadLink {
  readonly kind: 'no-digest' | 'blob-missing';
  /** Below `repositories/`. */
  readonly path: string;
}

/** Looks at every link: of layers, manifests and tags, and of what a tag was before. Yields those that are dead. */
export async function* verifyLinks(layout: Layout, signal: AbortSignal): AsyncGenerator<DeadLink> {
  for await (const repository of walkRepositories(layout)) {
    for (const own of ['_layers', '_manifests']) {
      for await (const path of linksBelow(join(repository, own))) {
        signal.throwIfAborted();
        const kind = await findFault(layout, path);
        if (kind !== undefined) yield { kind, path: relative(layout.repositories, path) };
      }
    }
  }
}

async function findFault(layout: Layout, path: string): Promise<DeadLink['kind'] | undefined> {
  const digest = await readLink(path);
  if (digest === undefined) {
    // Swept while we looked.
    return (await unlessAbsent(lstat(path))) === undefined ? undefined : 'no-digest';
  }
  const blob = await unlessAbsent(lstat(join(layout.blobs, blobDataPath(digest))));
  return blob === undefined ? 'blob-missing' : undefined;
}

async function* linksBelow(folder: string): AsyncGenerator<string> {
  for await (const entry of entriesIn(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* linksBelow(path);
    else if (entry.name === 'link') yield path;
  }
}

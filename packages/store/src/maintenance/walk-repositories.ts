import { join } from 'node:path';
import type { Layout } from '../layout.ts';
import { entriesIn } from './folder-entries.ts';

/**
 * Every folder below `repositories/`, the innermost first, so that one that becomes empty can go before its parent is
 * looked at. A repository may lie inside another's folder (`org/image` and `org/image/debug`), and one without an upstream is
 * what a plain registry left: all are alike here.
 */
export async function* walkRepositories(layout: Layout): AsyncGenerator<string> {
  yield* foldersBelow(layout.repositories);
}

async function* foldersBelow(folder: string): AsyncGenerator<string> {
  for await (const entry of entriesIn(folder)) {
    // `_layers`, `_manifests` and `_uploads` are a repository's own; no component of a name starts like that.
    if (!entry.isDirectory() || entry.name.startsWith('_')) continue;
    const path = join(folder, entry.name);
    yield* foldersBelow(path);
    yield path;
  }
}

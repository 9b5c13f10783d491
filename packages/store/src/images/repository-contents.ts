import { findDigest, findTag, type Digest, type Tag } from '@registry-cache/oci';
import { findLinkedDigest } from '../link-files.ts';
import {
  layersFolder,
  revisionsFolder,
  tagLinkPath,
  tagsFolder,
  type Layout,
  type Repository,
} from '../layout.ts';
import { batchesOf } from '../maintenance/batches.ts';
import { diskCalls } from '../maintenance/disk-calls.ts';
import { entriesIn } from '../maintenance/folder-entries.ts';
import type { StoredTag } from '../store.ts';

/** What the links of a repository say, whether or not it is stored. */
export interface RepositoryContents {
  /** In alphabetical order. */
  readonly tags: ReadonlyMap<Tag, StoredTag>;
  /** Manifests that the upstream has said this repository holds. */
  readonly revisions: ReadonlySet<Digest>;
}

const LINKS_UNDER_WAY = 32;

export async function readRepository(
  layout: Layout,
  repository: Repository,
  signal: AbortSignal,
): Promise<RepositoryContents> {
  return {
    tags: await readTags(layout, repository, signal),
    revisions: await readLinkedDigests(`${layout.repositories}/${revisionsFolder(repository)}`, signal),
  };
}

/** The blobs that the upstream has said this repository holds. */
export function readLayers(
  layout: Layout,
  repository: Repository,
  signal: AbortSignal,
): Promise<Set<Digest>> {
  return readLinkedDigests(`${layout.repositories}/${layersFolder(repository)}`, signal);
}

/** Undefined where there is none, or its link holds no digest. */
export async function readTag(
  layout: Layout,
  repository: Repository,
  tag: Tag,
): Promise<StoredTag | undefined> {
  const path = `${layout.repositories}/${tagLinkPath(repository, tag)}`;
  const file = await diskCalls.findStats(path);
  if (file?.isFile() !== true) return undefined;
  const digest = findLinkedDigest((await diskCalls.findText(path)) ?? '');
  return digest && { digest, confirmedAtMs: Math.round(file.mtimeMs) };
}

async function readTags(
  layout: Layout,
  repository: Repository,
  signal: AbortSignal,
): Promise<Map<Tag, StoredTag>> {
  const names: Tag[] = [];
  for await (const entry of entriesIn(`${layout.repositories}/${tagsFolder(repository)}`)) {
    const tag = entry.isDirectory() ? findTag(entry.name) : undefined;
    if (tag !== undefined) names.push(tag);
  }
  const tags = new Map<Tag, StoredTag>();
  for await (const batch of batchesOf(names.sort(), LINKS_UNDER_WAY)) {
    signal.throwIfAborted();
    const found = await Promise.all(batch.map((tag) => readTag(layout, repository, tag)));
    for (const [index, tag] of batch.entries()) {
      const stored = found[index];
      if (stored !== undefined) tags.set(tag, stored);
    }
  }
  return tags;
}

/** By the names of `<folder>/<algorithm>/<hex>/`: workers write nothing else into a link. */
async function readLinkedDigests(folder: string, signal: AbortSignal): Promise<Set<Digest>> {
  const digests = new Set<Digest>();
  for await (const algorithm of entriesIn(folder)) {
    if (!algorithm.isDirectory()) continue;
    for await (const { name } of entriesIn(`${folder}/${algorithm.name}`)) {
      signal.throwIfAborted();
      const digest = findDigest(`${algorithm.name}:${name}`);
      if (digest !== undefined) digests.add(digest);
    }
  }
  return digests;
}

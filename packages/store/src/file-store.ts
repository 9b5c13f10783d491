import { lstat, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findTag, type Digest, type UpstreamName } from '@registry-cache/oci';
import { unlessAbsent } from './absence.ts';
import { isIntact } from './damaged-blob.ts';
import { createDiskFills, type DiskFillOptions } from './disk-fill.ts';
import {
  blobDataPath,
  layerLinkPath,
  layoutOf,
  revisionLinkPath,
  tagLinkPath,
  tagsFolder,
  upstreamFolder,
} from './layout.ts';
import { readLink, writeLink } from './link-files.ts';
import { createBlobReader } from './read/blob-reader.ts';
import type { Store, StoredBlob } from './store.ts';
import { removeTagFolder } from './tag-folder.ts';

/** The store on a local filesystem, in distribution's layout below `rootDirectory`. */
export function createFileStore({ rootDirectory }: { readonly rootDirectory: string }): Store {
  const layout = layoutOf(rootDirectory);
  const blobPath = (digest: Digest): string => join(layout.blobs, blobDataPath(digest));
  const linkPath = (relativePath: string): string => join(layout.repositories, relativePath);
  const putLink = (relativePath: string, digest: Digest): Promise<void> =>
    writeLink(linkPath(relativePath), digest, layout.temporary);

  const fillOptions = (upstream: UpstreamName, digest: Digest): DiskFillOptions => ({
    digest,
    folder: join(layout.fills, upstreamFolder(upstream)),
    path: blobPath(digest),
  });
  const fills = createDiskFills();
  const reader = createBlobReader({ rootDirectory });

  const store: Store = {
    findBlob: (digest) => findBlob(blobPath(digest), digest),

    async readBlob(digest, maxBytes) {
      const blob = await store.findBlob(digest);
      if (blob === undefined || blob.sizeBytes > maxBytes) return undefined;
      return unlessAbsent(readFile(blobPath(digest)));
    },

    openBlob: (digest) => reader.open(store.accelPath(digest)),

    accelPath: (digest) => `/blobs/${blobDataPath(digest)}`,

    createFill: (upstream, digest) => fills.create(fillOptions(upstream, digest)),
    adoptFill: (upstream, digest) => fills.adopt(fillOptions(upstream, digest)),

    async removeIfDamaged(digest) {
      const blob = await store.openBlob(digest).catch(() => 'unreadable' as const);
      if (blob === undefined) return true;
      if (blob !== 'unreadable') {
        const intact = await isIntact(digest, blob).finally(() => blob.close());
        if (intact) return false;
      }
      await rm(blobPath(digest), { force: true });
      return true;
    },

    async putBlob(upstream, digest, bytes) {
      const fill = await store.createFill(upstream, digest);
      try {
        await fill.append(bytes);
        await fill.publish();
      } catch (error) {
        await fill.discard();
        throw error;
      } finally {
        await fill.close();
      }
    },

    async hasLayerLink(repository, digest) {
      return (await readLink(linkPath(layerLinkPath(repository, digest)))) === digest;
    },
    linkLayer: (repository, digest) => putLink(layerLinkPath(repository, digest), digest),

    async hasRevisionLink(repository, digest) {
      return (await readLink(linkPath(revisionLinkPath(repository, digest)))) === digest;
    },
    linkRevision: (repository, digest) => putLink(revisionLinkPath(repository, digest), digest),

    async findTag(repository, tag) {
      const path = linkPath(tagLinkPath(repository, tag));
      // The time is read first: a tag that moves in between looks older than it is and is asked for again, not the reverse.
      const file = await unlessAbsent(stat(path));
      const digest = await readLink(path);
      if (file === undefined || digest === undefined) return undefined;
      return { digest, confirmedAtMs: Math.round(file.mtimeMs) };
    },
    async putTag(repository, tag, digest, confirmedAtMs) {
      const path = tagLinkPath(repository, tag);
      await putLink(path, digest);
      const confirmedAt = new Date(confirmedAtMs);
      await unlessAbsent(utimes(linkPath(path), confirmedAt, confirmedAt));
    },
    async removeTag(repository, tag) {
      await removeTagFolder(dirname(dirname(linkPath(tagLinkPath(repository, tag)))));
    },
    async listTags(repository) {
      const names = (await unlessAbsent(readdir(linkPath(tagsFolder(repository))))) ?? [];
      return names.toSorted().flatMap((name) => findTag(name) ?? []);
    },

    async touchBlob(digest, accessedAtMs) {
      const path = blobPath(digest);
      const file = await unlessAbsent(stat(path));
      if (file !== undefined) await unlessAbsent(utimes(path, accessedAtMs / 1000, file.mtimeMs / 1000));
    },
  };
  return store;
}

async function findBlob(path: string, digest: Digest): Promise<StoredBlob | undefined> {
  // What `openBlob` would refuse is no blob: a link in place of data is a miss, and the next fill takes its place.
  const file = await unlessAbsent(lstat(path));
  if (file === undefined || !file.isFile()) return undefined;
  return {
    digest,
    sizeBytes: file.size,
    filledAtMs: Math.round(file.mtimeMs),
    accessedAtMs: Math.round(file.atimeMs),
  };
}

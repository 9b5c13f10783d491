import {
  MAX_MANIFEST_BYTES,
  parseManifest,
  RegistryError,
  type Digest,
  type Manifest,
} from '@registry-cache/oci';
import type { Store } from '@registry-cache/store';
import { LRUCache } from 'lru-cache';

/** Keeps the access times that eviction goes by. */
export interface ImageAge {
  /** Touches one blob. */
  touchBlob(digest: Digest, accessedAtMs: number): Promise<void>;
  /**
   * Touches a manifest with its config and layers, and an index with its manifests and theirs, as far as they are stored: an
   * image whose layers aged apart from its manifest would be evicted in pieces, and be of no use to anybody.
   */
  touchImage(digest: Digest, accessedAtMs: number): Promise<void>;
}

const TOUCHED_AGAIN_AFTER_MS = 60_000;
const MAX_REMEMBERED = 20_000;
// An index of indexes is allowed; one that goes deeper is made to keep us busy.
const MAX_DEPTH = 3;

export function createImageAge(store: Store): ImageAge {
  const touchedAtMs = new LRUCache<Digest, number>({ max: MAX_REMEMBERED });
  const isTouched = (digest: Digest, atMs: number): boolean =>
    atMs < (touchedAtMs.get(digest) ?? -Infinity) + TOUCHED_AGAIN_AFTER_MS;

  /** An access time never goes back: events may come late, and out of order. */
  async function touch(digest: Digest, atMs: number, accessedAtMs: number): Promise<void> {
    touchedAtMs.set(digest, atMs);
    if (accessedAtMs < atMs) await store.touchBlob(digest, atMs);
  }

  async function touchBlob(digest: Digest, atMs: number): Promise<void> {
    if (isTouched(digest, atMs)) return;
    const blob = await store.findBlob(digest);
    if (blob !== undefined) await touch(digest, atMs, blob.accessedAtMs);
  }

  async function touchManifest(digest: Digest, atMs: number, depth: number): Promise<void> {
    if (isTouched(digest, atMs)) return;
    // Before reading: the kernel may take our own reading for an access.
    const blob = await store.findBlob(digest);
    if (blob === undefined) return;
    const manifest = await findManifest(store, digest);
    await touch(digest, atMs, blob.accessedAtMs);
    if (depth === MAX_DEPTH) return;
    for (const child of manifest?.manifests ?? []) await touchManifest(child, atMs, depth + 1);
    for (const member of manifest?.blobs ?? []) await touchBlob(member, atMs);
  }

  return { touchBlob, touchImage: (digest, atMs) => touchManifest(digest, atMs, 1) };
}

/** Undefined when the blob is gone, is too long for a manifest, or is none. */
async function findManifest(store: Store, digest: Digest): Promise<Manifest | undefined> {
  const bytes = await store.readBlob(digest, MAX_MANIFEST_BYTES);
  if (bytes === undefined) return undefined;
  try {
    return parseManifest(bytes);
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'MANIFEST_INVALID') return undefined;
    throw error;
  }
}

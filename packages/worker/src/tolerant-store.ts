import type { Store } from '@registry-cache/store';
import { StorageError, storing } from './storage-error.ts';

/**
 * A store whose links, tags and manifests need not be kept: when the disk takes no more, pulls go on, and what was not stored is
 * asked for again. Reading fails as ever, and so do fills, which have a way of their own.
 */
export function createTolerantStore(store: Store, onStorageError: (error: StorageError) => void): Store {
  async function tolerate(operation: string, work: () => Promise<void>): Promise<void> {
    try {
      await storing(operation, work);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      onStorageError(error);
    }
  }
  return {
    ...store,
    putBlob: (...args) => tolerate('store a manifest', () => store.putBlob(...args)),
    linkLayer: (...args) => tolerate('store a link', () => store.linkLayer(...args)),
    linkRevision: (...args) => tolerate('store a link', () => store.linkRevision(...args)),
    putTag: (...args) => tolerate('store a tag', () => store.putTag(...args)),
    removeTag: (...args) => tolerate('remove a tag', () => store.removeTag(...args)),
  };
}

import type { Digest } from '@registry-cache/oci';
import type { PulledBlob } from './pull-blob.ts';
import type { RepositoryPulls } from './repository-pulls.ts';

/** Blobs of several images: one that is on its way for one of them is waited for by the others. */
export interface SharedBlobs {
  pull(
    from: Pick<RepositoryPulls, 'blob'>,
    digest: Digest,
    onBytes: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<PulledBlob>;
}

export function createSharedBlobs(): SharedBlobs {
  const pulled = new Map<Digest, Promise<unknown>>();
  return {
    async pull(from, digest, onBytes, signal) {
      const before = pulled.get(digest);
      const pull = (async () => {
        const isThere = await before?.then(
          () => true,
          // Another repository may have it, and another attempt may get it.
          () => false,
        );
        signal.throwIfAborted();
        // Asked for once more: that another repository has it too, only its upstream can say.
        const blob = await from.blob(digest, onBytes, signal);
        return isThere === true ? { ...blob, isFetched: false } : blob;
      })();
      pulled.set(digest, pull);
      return pull;
    },
  };
}

import type { UpstreamName } from '@registry-cache/oci';
import { withDeadline } from './deadline.ts';
import { createFairSemaphore } from './fair-semaphore.ts';
import { UpstreamError } from './upstream-error.ts';
import type { UpstreamRegistry } from './upstream-registry.ts';

/**
 * Keeps a share of an upstream's connections free of blob bodies, which may take hours: a tag is confirmed while a hundred
 * layers are on their way. Blobs beyond their share wait in the order in which they were asked for.
 */
export interface BlobSlots {
  around(registry: UpstreamRegistry): UpstreamRegistry;
  resize(maxConnections: number): void;
}

export interface BlobSlotsOptions {
  readonly upstream: UpstreamName;
  readonly maxConnections: number;
  /** How long a blob waits for its turn. */
  readonly queueMs: number;
}

const SHARE_OF_BLOBS = 3 / 4;

export function createBlobSlots({ upstream, maxConnections, queueMs }: BlobSlotsOptions): BlobSlots {
  let slots = slotsOf(maxConnections);
  const semaphore = createFairSemaphore(slots);

  function busy(): UpstreamError {
    return new UpstreamError(
      'timeout',
      `all ${slots} connections to ${upstream} that blobs may use were busy for ${queueMs / 1000} s: ` +
        `try again, or raise upstreams.${upstream}.maxconnections`,
    );
  }

  return {
    around: (registry) => ({
      ...registry,
      async blobGet(name, digest, options) {
        const { signal } = options;
        const release = await withDeadline({ signal, timeoutMs: queueMs, error: busy }, (bounded) =>
          semaphore.acquire(bounded),
        );
        try {
          const blob = await registry.blobGet(name, digest, options);
          if (blob === undefined || blob.body.closed) release();
          else blob.body.once('close', release);
          return blob;
        } catch (error) {
          release();
          throw error;
        }
      },
    }),
    resize(connections) {
      slots = slotsOf(connections);
      semaphore.resize(slots);
    },
  };
}

function slotsOf(maxConnections: number): number {
  return Math.floor(maxConnections * SHARE_OF_BLOBS);
}

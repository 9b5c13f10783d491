import type { Digest } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import type { ImageAge } from './image-age.ts';
import type { Pull } from './pull.ts';

/** Access times waiting to be written, so that whoever tells of a pull does not wait for the disk. */
export interface TouchQueue {
  add(pull: Pull): void;
  /** Resolves when nothing waits any more. */
  drain(): Promise<void>;
}

export interface TouchQueueOptions {
  readonly imageAge: ImageAge;
  readonly log: Logger;
  readonly maxPending?: number;
}

interface PendingTouch {
  readonly isImage: boolean;
  readonly accessedAtMs: number;
}

const MAX_PENDING = 10_000;

/**
 * A thousand nodes that pull one image are one entry for each of its digests, at the latest time. Beyond the bound, pulls are not
 * recorded until the disk has caught up: an access time that is a little old costs less than memory without a limit.
 */
export function createTouchQueue(options: TouchQueueOptions): TouchQueue {
  const { imageAge, log, maxPending = MAX_PENDING } = options;
  const pending = new Map<Digest, PendingTouch>();
  let running: Promise<void> | undefined;
  let unrecorded = 0;
  let isFailing = false;

  async function run(): Promise<void> {
    // Entries that are added while this runs come at the end of it.
    for (const [digest, touch] of pending) {
      pending.delete(digest);
      try {
        if (touch.isImage) await imageAge.touchImage(digest, touch.accessedAtMs);
        else await imageAge.touchBlob(digest, touch.accessedAtMs);
        isFailing = false;
      } catch (err) {
        if (!isFailing)
          log.error({ err, digest }, 'access time could not be set: eviction goes by older ones');
        isFailing = true;
      }
    }
    running = undefined;
    if (unrecorded > 0) log.warn({ unrecorded }, 'more pulls than the disk could record the access times of');
    unrecorded = 0;
  }

  return {
    add({ kind, digest, accessedAtMs }) {
      const before = pending.get(digest);
      if (before === undefined && pending.size >= maxPending) {
        unrecorded += 1;
        return;
      }
      pending.set(digest, {
        isImage: kind === 'manifest' || before?.isImage === true,
        accessedAtMs: Math.max(accessedAtMs, before?.accessedAtMs ?? accessedAtMs),
      });
      running ??= run();
    },
    async drain() {
      await running;
    },
  };
}

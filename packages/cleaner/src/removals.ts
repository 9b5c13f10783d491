import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { createEventOutlet, type EventOutlet, type Logger } from '@registry-cache/runtime';
import { ACCESS_EVENTS_MEDIA_TYPE, type EvictEvent } from '@registry-cache/store';
import type { CleanerFigures } from './cleaner-figures.ts';
import type { RemovedBlob } from './removed-blob.ts';

/** Counts what a pass removes, and tells those who want to know. */
export interface Removals extends Pick<EventOutlet<EvictEvent>, 'connect' | 'close'> {
  onEvicted(this: void, blob: RemovedBlob): void;
  onExpired(this: void, blob: RemovedBlob): void;
}

export interface RemovalsOptions {
  readonly figures: Pick<CleanerFigures, 'evicted' | 'expired'>;
  /** Who is told; nobody where undefined. */
  readonly eventsSocketPath: string | undefined;
  readonly log: Logger;
}

export function createRemovals({ figures, eventsSocketPath, log }: RemovalsOptions): Removals {
  const outlet = createEventOutlet<EvictEvent>({
    socketPath: eventsSocketPath,
    mediaType: ACCESS_EVENTS_MEDIA_TYPE,
    log,
  });
  return {
    onEvicted(blob) {
      figures.evicted(blob);
      outlet.push(() => evictEvent(blob, 'space'));
    },
    onExpired(blob) {
      figures.expired(blob);
      outlet.push(() => evictEvent(blob, 'age'));
    },
    connect: outlet.connect,
    close: outlet.close,
  };
}

function evictEvent({ digest, sizeBytes }: RemovedBlob, why: EvictEvent['cache']['why']): EvictEvent {
  return {
    id: randomUUID(),
    timestamp: new Date().toISOString(),
    action: 'evict',
    target: { mediaType: 'application/octet-stream', size: sizeBytes, digest },
    actor: {},
    source: { addr: hostname() },
    cache: { why },
  };
}

import { EventEmitter, once } from 'node:events';

/**
 * Keeps the transfer of a fill near its readers where all of them want that, as those do that warm the cache within a limit. Anyone
 * else who joins sets it free.
 */
export interface Pace {
  /** @param start the first byte that it reads; `paced` where it wants the transfer to be no faster than itself */
  join(start: number, paced: boolean): PaceReader;
  /** Resolves when a transfer that has come to `receivedBytes` may go on. Rejects when it is aborted. */
  allowed(receivedBytes: number, signal: AbortSignal): Promise<void>;
}

export interface PaceReader {
  /** It has read all before `position`. */
  readonly moved: (position: number) => void;
  leave(): void;
}

// So that the upstream is always a little ahead, and never more than a second of a slow line.
const MAX_AHEAD_BYTES = 1024 * 1024;

export function createPace(): Pace {
  const readers = new Set<{ position: number; readonly paced: boolean }>();
  const readersChanged = new EventEmitter();

  /** Without readers the transfer is free: whether it goes on at all is not decided here. */
  const isFarAhead = (receivedBytes: number): boolean => {
    const all = [...readers];
    if (all.length === 0 || all.some(({ paced }) => !paced)) return false;
    return receivedBytes > Math.max(...all.map(({ position }) => position)) + MAX_AHEAD_BYTES;
  };

  return {
    join(start, paced) {
      const reader = { position: start, paced };
      readers.add(reader);
      readersChanged.emit('change');
      return {
        moved(position) {
          reader.position = position;
          if (paced) readersChanged.emit('change');
        },
        leave() {
          readers.delete(reader);
          readersChanged.emit('change');
        },
      };
    },
    async allowed(receivedBytes, signal) {
      while (isFarAhead(receivedBytes)) await once(readersChanged, 'change', { signal });
    },
  };
}

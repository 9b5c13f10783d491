/** Buffers of one size that are used again: memory that is asked of the system for every chunk costs more than what it holds. */
export interface BufferPool {
  take(): Buffer;
  /** Nobody may use the buffer after this. */
  give(buffer: Buffer): void;
}

const FORGET_AFTER_MS = 5000;

/** @param maxFree how many are kept for the next one to ask; none are, once nobody has asked for some seconds */
export function createBufferPool(sizeBytes: number, maxFree: number): BufferPool {
  const free: Buffer[] = [];
  let forget: NodeJS.Timeout | undefined;
  return {
    take: () => {
      forget?.refresh();
      return free.pop() ?? Buffer.allocUnsafeSlow(sizeBytes);
    },
    give: (buffer) => {
      if (free.length < maxFree) free.push(buffer);
      forget ??= setTimeout(() => {
        free.length = 0;
        forget = undefined;
      }, FORGET_AFTER_MS).unref();
    },
  };
}

/**
 * The end of what a fill has stored, in memory: readers that keep up with it share these bytes rather than read each its own copy
 * from the file.
 */
export interface RecentBytes {
  /** @param end of the blob behind `chunks`, which belong to all readers from now on */
  keep(chunks: readonly Uint8Array[], end: number): void;
  /** What begins at `position`, as far as it lies in one piece; undefined where it is not, or no longer, in memory. */
  find(position: number): Uint8Array | undefined;
  clear(): void;
}

interface Piece {
  readonly start: number;
  readonly bytes: Uint8Array;
}

// Enough for readers that wait for their sockets; what is held for longer costs more to collect than to read from the file again.
const MAX_BYTES = 1024 * 1024;
// An upstream that sends byte by byte would have each of them take a hundred times its size.
const MAX_PIECES = 256;

export function createRecentBytes(): RecentBytes {
  let pieces: Piece[] = [];
  let keptBytes = 0;

  return {
    keep(chunks, end) {
      let start = end - chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
      for (const bytes of chunks) {
        pieces.push({ start, bytes });
        start += bytes.byteLength;
        keptBytes += bytes.byteLength;
      }
      while (keptBytes > MAX_BYTES || pieces.length > MAX_PIECES)
        keptBytes -= pieces.shift()?.bytes.byteLength ?? keptBytes;
    },
    find(position) {
      const piece = pieces.findLast(({ start }) => start <= position);
      if (piece === undefined || position >= piece.start + piece.bytes.byteLength) return undefined;
      return piece.bytes.subarray(position - piece.start);
    },
    clear() {
      pieces = [];
      keptBytes = 0;
    },
  };
}

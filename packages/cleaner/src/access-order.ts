import { digestHex, parseDigest } from '@registry-cache/oci';
import type { EvictionCandidate } from '@registry-cache/store/maintenance';

/** A blob in the order of eviction. */
export interface OrderedBlob extends EvictionCandidate {
  readonly sizeBytes: number;
}

export interface AccessOrder {
  readonly blobs: number;
  readonly usedBytes: number;
  add(blob: OrderedBlob): void;
  /** Least recently used first; of an image's blobs, which were used at once, the largest first and so its manifest last. */
  leastRecentlyUsed(): Generator<OrderedBlob>;
}

interface Columns {
  /** One row of raw bytes for each digest; a sha256 fills half of it. */
  readonly digests: Buffer;
  readonly digestBytes: Uint8Array;
  readonly sizes: Float64Array;
  readonly accessTimes: Float64Array;
}

const ROW_BYTES = 64;
const GROWTH = 1.25;

/**
 * Remembers every blob of a store in 81 bytes each, as columns of numbers: a million of them as objects with strings would
 * need several times the memory that a cleaner may have beside the processes that serve.
 *
 * @param expectedBlobs how many to make room for; more only cost a copy
 */
export function createAccessOrder(expectedBlobs: number): AccessOrder {
  let columns = createColumns(Math.max(expectedBlobs, 1024));
  let blobs = 0;
  let usedBytes = 0;

  return {
    get blobs() {
      return blobs;
    },
    get usedBytes() {
      return usedBytes;
    },
    add({ digest, sizeBytes, accessedAtMs }) {
      if (blobs === columns.sizes.length) columns = grow(columns);
      columns.digestBytes[blobs] = columns.digests.write(digestHex(digest), blobs * ROW_BYTES, 'hex');
      columns.sizes[blobs] = sizeBytes;
      columns.accessTimes[blobs] = accessedAtMs;
      blobs += 1;
      usedBytes += sizeBytes;
    },
    *leastRecentlyUsed() {
      for (const row of sortedRows(columns, blobs)) yield readRow(columns, row);
    },
  };
}

function createColumns(rows: number): Columns {
  return {
    digests: Buffer.alloc(rows * ROW_BYTES),
    digestBytes: new Uint8Array(rows),
    sizes: new Float64Array(rows),
    accessTimes: new Float64Array(rows),
  };
}

function grow(from: Columns): Columns {
  const to = createColumns(Math.ceil(from.sizes.length * GROWTH));
  to.digests.set(from.digests);
  to.digestBytes.set(from.digestBytes);
  to.sizes.set(from.sizes);
  to.accessTimes.set(from.accessTimes);
  return to;
}

function sortedRows({ sizes, accessTimes }: Columns, blobs: number): Uint32Array {
  const at = (column: Float64Array, row: number): number => column[row] ?? 0;
  return Uint32Array.from({ length: blobs }, (_, row) => row).sort(
    (a, b) => at(accessTimes, a) - at(accessTimes, b) || at(sizes, b) - at(sizes, a),
  );
}

function readRow({ digests, digestBytes, sizes, accessTimes }: Columns, row: number): OrderedBlob {
  const start = row * ROW_BYTES;
  const bytes = digestBytes[row] ?? 0;
  return {
    digest: parseDigest(digestText(digests.toString('hex', start, start + bytes))),
    sizeBytes: sizes[row] ?? 0,
    accessedAtMs: accessTimes[row] ?? 0,
  };
}

function digestText(hex: string): string {
  return `${hex.length === 64 ? 'sha256' : 'sha512'}:${hex}`;
}

import { digestHex, parseDigest, type Digest } from '@registry-cache/oci';
import type { EvictionCandidate } from '@registry-cache/store/maintenance';

/** A blob in the order of eviction. */
export interface OrderedBlob extends EvictionCandidate {
  readonly sizeBytes: number;
}

export interface AccessOrder {
  /** Of all blobs, also those that stay. */
  readonly usedBytes: number;
  readonly kept: { readonly blobs: number; readonly bytes: number };
  /** Of those that may go; undefined where there are none. */
  readonly oldestAccessMs: number | undefined;
  readonly add: (blob: OrderedBlob) => void;
  /** Least recently used first; of an image's blobs, which were used at once, the largest first and so its manifest last. */
  leastRecentlyUsed(): Generator<OrderedBlob>;
}

/** Columns of numbers; new ones are added as the store turns out to be larger, and none is ever copied. */
interface Page {
  /** Of sha256, a row of raw bytes each. */
  readonly digests: Buffer;
  readonly sizes: Float64Array;
  readonly accessTimes: Float64Array;
}

const PAGE_ROWS = 2 ** 14;
const ROW_BYTES = 32;

/**
 * Remembers every blob of a store in 48 bytes each: a million of them as objects with strings would need several times the
 * memory that a cleaner may have beside the processes that serve.
 *
 * @param isKept whether a blob stays; it is only counted then
 */
export function createAccessOrder(isKept: (digest: Digest) => boolean = () => false): AccessOrder {
  const pages: Page[] = [];
  /** By row. They are rare, and would make every row twice as long. */
  const longDigests = new Map<number, Digest>();
  let blobs = 0;
  let usedBytes = 0;
  let oldestAccessMs: number | undefined;
  const kept = { blobs: 0, bytes: 0 };

  return {
    get usedBytes() {
      return usedBytes;
    },
    get oldestAccessMs() {
      return oldestAccessMs;
    },
    kept,
    add({ digest, sizeBytes, accessedAtMs }) {
      usedBytes += sizeBytes;
      if (isKept(digest)) {
        kept.blobs += 1;
        kept.bytes += sizeBytes;
        return;
      }
      oldestAccessMs = Math.min(accessedAtMs, oldestAccessMs ?? accessedAtMs);
      const index = blobs % PAGE_ROWS;
      if (index === 0) pages.push(createPage());
      const page = pageOf(pages, blobs);
      const hex = digestHex(digest);
      if (hex.length === 2 * ROW_BYTES) page.digests.write(hex, index * ROW_BYTES, 'hex');
      else longDigests.set(blobs, digest);
      page.sizes[index] = sizeBytes;
      page.accessTimes[index] = accessedAtMs;
      blobs += 1;
    },
    *leastRecentlyUsed() {
      for (const row of sortedRows(pages, blobs)) {
        const { digests, sizes, accessTimes } = pageOf(pages, row);
        const index = row % PAGE_ROWS;
        const start = index * ROW_BYTES;
        yield {
          digest:
            longDigests.get(row) ??
            parseDigest(`sha256:${digests.toString('hex', start, start + ROW_BYTES)}`),
          sizeBytes: sizes[index] ?? 0,
          accessedAtMs: accessTimes[index] ?? 0,
        };
      }
    },
  };
}

function createPage(): Page {
  return {
    digests: Buffer.alloc(PAGE_ROWS * ROW_BYTES),
    sizes: new Float64Array(PAGE_ROWS),
    accessTimes: new Float64Array(PAGE_ROWS),
  };
}

function pageOf(pages: readonly Page[], row: number): Page {
  const page = pages[Math.floor(row / PAGE_ROWS)];
  if (page === undefined)
    throw new RangeError(`no page for row ${row}: expected one of ${pages.length} pages`);
  return page;
}

function sortedRows(pages: readonly Page[], blobs: number): Uint32Array {
  const times = joinColumn(pages, 'accessTimes');
  const sizes = joinColumn(pages, 'sizes');
  const at = (column: Float64Array, row: number): number => column[row] ?? 0;
  return Uint32Array.from({ length: blobs }, (_, row) => row).sort(
    (a, b) => at(times, a) - at(times, b) || at(sizes, b) - at(sizes, a),
  );
}

/** In one piece it is read several times as fast, twenty times for each row. */
function joinColumn(pages: readonly Page[], name: 'accessTimes' | 'sizes'): Float64Array {
  const column = new Float64Array(pages.length * PAGE_ROWS);
  for (const [index, page] of pages.entries()) column.set(page[name], index * PAGE_ROWS);
  return column;
}

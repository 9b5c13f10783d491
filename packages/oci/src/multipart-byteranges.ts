import { contentRange, type ByteRange } from './byte-ranges.ts';

/** One body that holds several ranges of a blob, in the order in which they were asked for. */
export interface MultipartByteRanges {
  readonly contentType: string;
  readonly contentLength: number;
  /** Calls `open` for every range at once: what is opened late may be gone by then. Reads them one after another. */
  read(open: (range: ByteRange) => AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

export interface MultipartOptions {
  /** Of the whole blob. */
  readonly sizeBytes: number;
  /** Of each part. */
  readonly contentType: string;
  /** A text that no part holds on a line of its own. */
  readonly boundary: string;
}

/** @see RFC 9110, "Media Type multipart/byteranges" */
export function multipartByteRanges(
  ranges: readonly ByteRange[],
  { sizeBytes, contentType, boundary }: MultipartOptions,
): MultipartByteRanges {
  const parts = ranges.map((range) => ({
    range,
    head: Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: ${contentType}\r\nContent-Range: ${contentRange(range, sizeBytes)}\r\n\r\n`,
      'latin1',
    ),
  }));
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1');

  return {
    contentType: `multipart/byteranges; boundary=${boundary}`,
    contentLength: parts.reduce(
      (sum, { head, range }) => sum + head.length + range.end - range.start + 1,
      tail.length,
    ),
    read: (open) =>
      join(
        parts.map(({ head, range }) => ({ head, body: open(range) })),
        tail,
      ),
  };
}

interface OpenPart {
  readonly head: Uint8Array;
  readonly body: AsyncIterable<Uint8Array>;
}

async function* join(parts: readonly OpenPart[], tail: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  for (const { head, body } of parts) {
    yield head;
    yield* body;
  }
  yield tail;
}

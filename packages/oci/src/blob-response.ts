import { randomUUID } from 'node:crypto';
import { decideBlobAnswer, type BlobRepresentation, type BlobRequestHeaders } from './blob-answer.ts';
import { contentRange, type ByteRange } from './byte-ranges.ts';
import { multipartByteRanges } from './multipart-byteranges.ts';
import { errorAnswer, RegistryError } from './registry-error.ts';

/** What HTTP says in answer to a request for a blob, wherever its bytes come from. */
export interface BlobResponse {
  readonly status: number;
  readonly headers: Record<string, HeaderValue>;
  /** The body of a GET. `open` is called before the first byte is read; a body of one range is what `open` returned. */
  read(open: OpenRange): AsyncIterable<Uint8Array>;
}

/** The bytes of a range; undefined stands for the whole, whose size may not be known. */
export type OpenRange = (range: ByteRange | undefined) => AsyncIterable<Uint8Array>;

type HeaderValue = string | number | string[] | undefined;

export interface BlobRequest {
  readonly method: 'GET' | 'HEAD';
  readonly headers: BlobRequestHeaders;
}

export interface DescribedBlob extends BlobRepresentation {
  /** Those of every answer about the blob; a length among them does not count. */
  readonly headers: Readonly<Record<string, HeaderValue>>;
}

/** @see RFC 9110, "Range Requests" and "Conditional Requests" */
export function blobResponse({ method, headers: asked }: BlobRequest, blob: DescribedBlob): BlobResponse {
  const { 'content-length': _length, 'content-type': contentType, ...headers } = blob.headers;
  const answer = decideBlobAnswer(method, asked, blob);
  switch (answer.kind) {
    case 'not-modified':
      return { status: 304, headers, read: () => chunks() };
    case 'unsatisfiable': {
      const error = errorAnswer(new RegistryError('RANGE_INVALID'));
      // What says that the blob may be kept for a year is not said of an error: a shared cache would hand it out as the blob.
      const { 'cache-control': _cacheControl, ...errorHeaders } = headers;
      return {
        status: error.status,
        headers: { ...errorHeaders, ...error.headers, 'content-range': `bytes */${answer.sizeBytes}` },
        read: () => chunks(error.body),
      };
    }
    case 'whole':
      return {
        status: 200,
        headers: {
          ...headers,
          'content-type': contentType,
          ...(blob.sizeBytes === undefined ? {} : { 'content-length': blob.sizeBytes }),
        },
        read: (open) => open(undefined),
      };
    case 'range': {
      const { range, sizeBytes } = answer;
      return {
        status: 206,
        headers: {
          ...headers,
          'content-type': contentType,
          'content-length': range.end - range.start + 1,
          'content-range': contentRange(range, sizeBytes),
        },
        read: (open) => open(range),
      };
    }
    case 'ranges': {
      const multipart = multipartByteRanges(answer.ranges, {
        sizeBytes: answer.sizeBytes,
        contentType: String(contentType),
        boundary: randomUUID(),
      });
      return {
        status: 206,
        headers: {
          ...headers,
          'content-type': multipart.contentType,
          'content-length': multipart.contentLength,
        },
        read: (open) => multipart.read(open),
      };
    }
  }
}

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array, void, void> {
  for (const text of texts) yield Buffer.from(text);
}

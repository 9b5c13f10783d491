import { finished, type Readable } from 'node:stream';

// Of TLS records, one system call and one piece for each reader would cost more than copying them together.
const SMALL_BYTES = 32 * 1024;

/**
 * What a body has brought since the last batch was taken, so that it goes on receiving while its reader works. A body that fails is
 * read to where it got, and then throws its error. One that is not read to its end is destroyed.
 *
 * @param maxBytes of a batch, or one chunk more; then the body has to wait
 */
export async function* inBatches(
  body: Readable,
  maxBytes: number,
): AsyncGenerator<readonly Uint8Array[], void, void> {
  let chunks: Uint8Array[] = [];
  let bytes = 0;
  let end: { readonly error: unknown } | undefined;
  let wake = (): void => {};
  // Event by event, since a body that is iterated copies what it has buffered into one piece.
  body.on('data', (chunk: Uint8Array) => {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes >= maxBytes) body.pause();
    wake();
  });
  finished(body, { writable: false }, (error) => {
    end = { error };
    wake();
  });
  body.resume();
  try {
    for (;;) {
      if (bytes > 0) {
        const batch = isSmall(chunks, bytes) ? [Buffer.concat(chunks, bytes)] : chunks;
        chunks = [];
        bytes = 0;
        body.resume();
        yield batch;
      } else if (end !== undefined) {
        if (end.error !== undefined && end.error !== null) throw end.error;
        return;
      } else {
        await new Promise<void>((resolve) => (wake = resolve));
      }
    }
  } finally {
    body.destroy();
  }
}

function isSmall(chunks: readonly Uint8Array[], bytes: number): boolean {
  return chunks.length > 1 && bytes / chunks.length < SMALL_BYTES;
}

import { Readable } from 'node:stream';
import { UpstreamError } from './upstream-error.ts';

// Reading a short body to its end keeps the connection for the next request; a long one costs more than a handshake.
const MAX_DISCARDED_BYTES = 64 * 1024;

/**
 * The bytes of `source` with its errors as `toError` makes them. Whoever reads it ends or destroys it.
 *
 * @param onBytes told how many bytes each piece has
 */
export function withErrors(
  source: Readable,
  toError: (error: unknown) => Error,
  onBytes?: (bytes: number) => void,
): Readable {
  source.pause();
  const body = new Readable({
    highWaterMark: 256 * 1024,
    read() {
      source.resume();
    },
    destroy(error, callback) {
      source.destroy();
      callback(error);
    },
  });
  source.on('data', (chunk: Uint8Array) => {
    onBytes?.(chunk.byteLength);
    if (!body.push(chunk)) source.pause();
  });
  source.on('end', () => body.push(null));
  source.on('error', (error) => body.destroy(toError(error)));
  // An error before anyone reads is kept by the stream and met by its reader; it must not end the process.
  body.on('error', () => {});
  return body;
}

/** Destroys a body with the signal's reason, as long as it is open. */
export function destroyOnAbort(body: Readable, signal: AbortSignal): void {
  const destroy = (): void => void body.destroy(signal.reason);
  signal.addEventListener('abort', destroy, { once: true });
  body.once('close', () => signal.removeEventListener('abort', destroy));
  if (signal.aborted) destroy();
}

/** Lets go of a body that nobody wants, and of its connection where that is cheaper. */
export function discard(body: Readable): void {
  let discardedBytes = 0;
  body.on('data', (chunk: Uint8Array) => {
    discardedBytes += chunk.byteLength;
    if (discardedBytes > MAX_DISCARDED_BYTES) body.destroy();
  });
}

export interface ReadBodyOptions {
  readonly maxBytes: number;
  /** What is being read, for the message. */
  readonly subject: string;
}

/** @throws {UpstreamError} `invalid` beyond `maxBytes`, without reading on. */
export async function readBody(body: Readable, { maxBytes, subject }: ReadBodyOptions): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let readBytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    readBytes += chunk.byteLength;
    if (readBytes > maxBytes) {
      throw new UpstreamError('invalid', `${subject} has more than the ${maxBytes} bytes that are accepted`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The beginning of a body, for a message; empty where even that cannot be read. */
export async function readExcerpt(body: Readable, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let readBytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      readBytes += chunk.byteLength;
      if (readBytes >= maxBytes) break;
    }
  } catch (error) {
    // The status that the body would have explained is what matters, and the caller is about to report it.
    if (!(error instanceof UpstreamError)) throw error;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8');
}

import { once } from 'node:events';
import { addAbortSignal, type Readable } from 'node:stream';
import { RegistryError, type RepositoryName } from '@registry-cache/oci';
import { abortableReadable } from './abortable-readable.ts';
import type { FillRange } from './fill-reader.ts';
import type { Fill } from './fill.ts';
import { createFairSemaphore } from '../upstream/fair-semaphore.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import type { UpstreamRegistry } from '../upstream/upstream-registry.ts';

/** Reads blobs that are being filled, and what is far ahead of a fill through windows onto the upstream. */
export interface BlobWindows {
  /**
   * Whoever asks reads to the end or destroys the stream.
   *
   * @param source what the client asked, in its name, so that the upstream itself says whether it may have the bytes
   */
  read(fill: Fill, source: WindowSource, range: FillRange): Readable;
}

/** A repository, as one asker may have it. */
export interface WindowSource {
  readonly upstream: Pick<UpstreamRegistry, 'blobGet'>;
  readonly name: RepositoryName;
}

/** A range that begins further ahead than this of what was received is fetched for itself. A fill gets there in a moment. */
const FAR_AHEAD_BYTES = 8 * 1024 * 1024;

/** What one request fetches at most; then it is looked again whether the fill has come near. */
const MAX_WINDOW_BYTES = 64 * 1024 * 1024;

/** Of one upstream at a time, whoever asks; the others wait in order. */
const MAX_WINDOWS = 16;

/**
 * Lazy-pulling clients ask for a blob's end first, and then for what a process touches:
 *
 * 1. what the fill has, or will have in a moment, is read from it;
 * 2. for a range far ahead of the fill, the upstream is asked for that window. Its bytes are passed on and not stored;
 * 3. whichever has bytes first is read, the other is let go: a fill may overtake a window that waits for its turn, and an
 *    upstream that cannot send a window is no reason to fail;
 * 4. a window that breaks off ends short, as any body does.
 *
 * The bytes of a window cannot be verified by the blob's digest: who asks for parts has digests of parts.
 */
export function createBlobWindows(): BlobWindows {
  const places = createFairSemaphore(MAX_WINDOWS);
  const withoutRanges = new WeakSet<Fill>();

  const mayHaveWindow = (fill: Fill, position: number): boolean =>
    position > fill.receivedBytes + FAR_AHEAD_BYTES && !withoutRanges.has(fill);

  async function* fetchWindow(
    { fill, source, start, end }: Window,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, void> {
    const { upstream, name } = source;
    const release = await places.acquire(signal);
    try {
      const blob = await upstream.blobGet(name, fill.digest, { signal, range: { start, end } });
      if (blob === undefined) throw new RegistryError('BLOB_UNKNOWN');
      if (blob.start !== start || (blob.sizeBytes ?? fill.sizeBytes) !== fill.sizeBytes) {
        blob.body.destroy();
        withoutRanges.add(fill);
        throw new UpstreamError('invalid', 'the upstream does not answer ranges of this blob');
      }
      yield* exactly(end - start, addAbortSignal(signal, blob.body));
    } finally {
      release();
    }
  }

  async function* readAhead(
    { fill, source, start, end }: Window,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, void> {
    let position = start;
    while (mayHaveWindow(fill, position)) {
      const part = { fill, source, start: position, end: Math.min(end, position + MAX_WINDOW_BYTES) };
      const window = abortableReadable((leaving) => fetchWindow(part, leaving));
      const first = await firstToHaveBytes(fill.read({ start: position, end }), window, signal);
      for await (const chunk of chunksOf(first, signal)) {
        position += chunk.byteLength;
        yield chunk;
      }
      if (first !== window || position >= end) return;
    }
    yield* chunksOf(fill.read({ start: position, end }), signal);
  }

  return {
    read(fill, source, range) {
      const { start, end = fill.sizeBytes } = range;
      const fromFill = fill.read(range);
      if (end === undefined || !mayHaveWindow(fill, start)) return fromFill;
      // Not read, but as long as it is open the fill is wanted, and its file can be read from even when it has ended.
      const hold = fromFill;
      return abortableReadable((signal) => readAhead({ fill, source, start, end }, signal)).once(
        'close',
        () => hold.destroy(),
      );
    },
  };
}

interface Window {
  readonly fill: Fill;
  readonly source: WindowSource;
  readonly start: number;
  readonly end: number;
}

/** Destroys the other one, and both when it rejects. */
async function firstToHaveBytes(
  fromFill: Readable,
  window: Readable,
  signal: AbortSignal,
): Promise<Readable> {
  const decided = new AbortController();
  const until = { signal: AbortSignal.any([signal, decided.signal]) };
  fromFill.on('error', () => {});
  const filled = once(fromFill, 'readable', until).then(() => fromFill);
  const fetched = once(window, 'readable', until).then(
    () => window,
    (error: unknown) => {
      if (isRefusal(error)) throw error;
      return filled;
    },
  );
  let first: Readable | undefined;
  try {
    first = await Promise.race([filled, fetched]);
    return first;
  } finally {
    decided.abort();
    for (const stream of [fromFill, window]) if (stream !== first) stream.destroy();
  }
}

/** What the upstream denies now is not waited for. */
function isRefusal(error: unknown): boolean {
  return error instanceof RegistryError || (error instanceof UpstreamError && error.code === 'denied');
}

async function* chunksOf(source: Readable, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  const destroy = (): void => void source.destroy();
  signal.addEventListener('abort', destroy, { once: true });
  try {
    yield* source as AsyncIterable<Uint8Array>;
  } finally {
    signal.removeEventListener('abort', destroy);
    source.destroy();
  }
}

/** More than was promised would be taken for the next answer on the connection. */
async function* exactly(sizeBytes: number, body: Readable): AsyncGenerator<Uint8Array, void, void> {
  let left = sizeBytes;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    left -= chunk.byteLength;
    if (left < 0) break;
    yield chunk;
  }
  if (left !== 0) {
    throw new UpstreamError(
      'invalid',
      `the upstream sent another length than the ${sizeBytes} bytes of a range`,
    );
  }
}

import { Readable } from 'node:stream';
import { asError } from './as-error.ts';

/**
 * The chunks of a generator as a stream. Destroying it aborts whatever the generator is waiting for: `Readable.from` would let
 * it wait for its next chunk first, which may never come.
 */
export function abortableReadable(
  generate: (signal: AbortSignal) => AsyncGenerator<Uint8Array, void, void>,
): Readable {
  const leaving = new AbortController();
  const chunks = generate(leaving.signal);
  const readable = new Readable({
    read() {
      chunks.next().then(
        ({ done, value }) => this.push(done === true ? null : value),
        (error: unknown) => this.destroy(asError(error)),
      );
    },
    destroy(error, callback) {
      leaving.abort();
      // So that it cleans up; of what fails in there, nobody is left to be told.
      chunks.return().catch(() => {});
      callback(error);
    },
  });
  // An error before anyone reads is kept by the stream and met by its reader; it must not end the process.
  return readable.on('error', () => {});
}

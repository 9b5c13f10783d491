import type { Readable } from 'node:stream';

export interface MinimumRateOptions {
  readonly windowMs: number;
  /** What a window must bring at least. */
  readonly minBytes: number;
  readonly error: () => Error;
}

/**
 * Destroys a body that trickles: an idle timeout alone would let a byte a minute hold a connection, a file and its readers
 * for ever. Only windows count in which the body was wanted all the time, so that a slow reader is not taken for a slow sender.
 *
 * @param body already paused or flowing: listening here must not start it
 */
export function requireMinimumRate(body: Readable, { windowMs, minBytes, error }: MinimumRateOptions): void {
  let receivedBytes = 0;
  let wanted = false;
  body.on('data', (chunk: Uint8Array) => (receivedBytes += chunk.byteLength));
  body.on('pause', () => (wanted = false));
  const timer = setInterval(() => {
    if (wanted && receivedBytes < minBytes) body.destroy(error());
    receivedBytes = 0;
    wanted = !body.isPaused();
  }, windowMs);
  body.once('close', () => clearInterval(timer));
}

import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bandwidth } from './bandwidth.ts';
import { WarmProblem } from './warm-problem.ts';

export interface PulledBlob {
  readonly sizeBytes: number;
  /** Whether it had to be fetched. */
  readonly isFetched: boolean;
}

export interface PullBlobOptions {
  /** Resolves with an answer of 200 or 206. */
  readonly ask: (headers: Readonly<Record<string, string>>) => Promise<IncomingMessage>;
  readonly bandwidth: Bandwidth;
  /** Whether the worker should fetch it no faster than it is read. */
  readonly isPaced: boolean;
  /** Told of each part that was read, and of what was read in vain as less than nothing. */
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

const FIRST_DELAY_MS = 250;
const MAX_BREAKS_IN_A_ROW = 3;

/**
 * Reads a blob and throws its bytes away, which has the worker store it. One that is stored already has no body: the worker names the
 * file to the proxy, for which it takes us.
 *
 * A body that breaks off is asked for from where it broke, and the fill goes on from what is on disk. Of a blob that is not what its digest
 * says, the last byte never comes.
 *
 * @throws {WarmProblem}; the signal's reason
 */
export async function pullBlob(options: PullBlobOptions): Promise<PulledBlob> {
  const { ask, bandwidth, isPaced, onBytes, signal } = options;
  const paced = isPaced ? { 'x-registry-cache-paced': '1' } : {};
  let position = 0;
  for (let breaks = 0; ; breaks++) {
    const range = position === 0 ? {} : { range: `bytes=${position}-` };
    const answer = await ask({ ...paced, ...range });
    if (answer.headers['x-accel-redirect'] !== undefined) {
      answer.resume();
      const sizeBytes = Number(answer.headers['x-accel-length'] ?? 0);
      onBytes(sizeBytes - position);
      return { sizeBytes, isFetched: position > 0 };
    }
    if (answer.statusCode === 200 && position > 0) {
      onBytes(-position);
      position = 0;
    }
    const startedAt = position;
    const promised = position + Number(answer.headers['content-length'] ?? Number.NaN);
    try {
      for await (const chunk of answer as AsyncIterable<Uint8Array>) {
        position += chunk.byteLength;
        onBytes(chunk.byteLength);
        await bandwidth.take(chunk.byteLength, signal);
      }
      return { sizeBytes: position, isFetched: true };
    } catch (cause) {
      signal.throwIfAborted();
      if (position === promised - 1) throw withoutItsLastByte(cause);
      if (position > startedAt) breaks = 0;
      if (breaks >= MAX_BREAKS_IN_A_ROW) throw brokenOff(position, cause);
      await sleep(FIRST_DELAY_MS * 2 ** breaks, undefined, { signal });
    }
  }
}

function withoutItsLastByte(cause: unknown): WarmProblem {
  return new WarmProblem(
    'a blob ended before its last byte, as one does that is not what its digest says: the log of its worker says why',
    { cause },
  );
}

function brokenOff(position: number, cause: unknown): WarmProblem {
  return new WarmProblem(
    `a blob broke off after ${position} bytes again and again: the log of its worker says why`,
    { cause },
  );
}

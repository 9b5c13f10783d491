import { setTimeout as sleep } from 'node:timers/promises';

/** A limit that many readers share: what one takes, the others wait for, in the order in which they ask. */
export interface Bandwidth {
  /** Resolves when so many bytes may have been read; at once where there is no limit. Rejects with the signal's reason. */
  take(bytes: number, signal: AbortSignal): Promise<void>;
  isLimited(): boolean;
}

export interface BandwidthOptions {
  /** Looked at while readers wait: it may change. Undefined for no limit. */
  readonly bytesPerSecond: () => number | undefined;
  /** Milliseconds of a clock that does not go back. */
  readonly now?: () => number;
}

// A timer that is late costs nothing, up to this.
const MAX_CREDIT_SECONDS = 0.1;
// So that a limit that is raised counts soon.
const MAX_WAIT_MS = 1000;

/** A token bucket that may be overdrawn by one reader, which waits until it is even. */
export function createBandwidth({
  bytesPerSecond,
  now = () => performance.now(),
}: BandwidthOptions): Bandwidth {
  let credit = 0;
  let filledAtMs = now();
  let lastInLine: Promise<void> = Promise.resolve();

  const fill = (rate: number): void => {
    const passedSeconds = (now() - filledAtMs) / 1000;
    filledAtMs = now();
    credit = Math.min(credit + passedSeconds * rate, rate * MAX_CREDIT_SECONDS);
  };

  async function overdraw(bytes: number, signal: AbortSignal): Promise<void> {
    credit -= bytes;
    for (;;) {
      const rate = bytesPerSecond();
      if (rate === undefined || signal.aborted) {
        // What was not waited for is no debt of the next in line.
        credit = 0;
        return;
      }
      fill(rate);
      if (credit >= 0) return;
      // Its rejection is seen at the beginning of the loop.
      await sleep(Math.min(Math.max(1, (-credit / rate) * 1000), MAX_WAIT_MS), undefined, { signal }).catch(
        () => {},
      );
    }
  }

  return {
    isLimited: () => bytesPerSecond() !== undefined,
    async take(bytes, signal) {
      if (bytesPerSecond() === undefined) return;
      signal.throwIfAborted();
      const turn = lastInLine.then(() => overdraw(bytes, signal));
      lastInLine = turn;
      await untilAborted(turn, signal);
    },
  };
}

/** Whoever leaves does not wait for those before it. */
async function untilAborted(turn: Promise<void>, signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true, signal: done.signal });
  });
  await Promise.race([turn, aborted]);
  done.abort();
  signal.throwIfAborted();
}

/** What every one of them allows. */
export function allOf(limits: readonly Bandwidth[]): Bandwidth {
  return {
    isLimited: () => limits.some((limit) => limit.isLimited()),
    async take(bytes, signal) {
      for (const limit of limits) await limit.take(bytes, signal);
    },
  };
}

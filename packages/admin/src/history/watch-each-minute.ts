import { setTimeout as sleep } from 'node:timers/promises';

/** What happens by itself until it is closed. */
export interface Watch {
  close(): Promise<void>;
}

const MINUTE_MS = 60_000;
// The cleaner measures five seconds after its start: what is filled from then on is known by when it was found.
const AFTER_FIRST_MEASUREMENT_MS = 8_000;

/** Looks now, when the cleaner has measured for the first time, and as each minute ends. */
export function watchEachMinute(look: (signal: AbortSignal) => Promise<void>, now: () => number): Watch {
  const closing = new AbortController();
  const watch = async (): Promise<void> => {
    const { signal } = closing;
    let pauseMs = AFTER_FIRST_MEASUREMENT_MS;
    while (!signal.aborted) {
      await look(signal).catch(ignoreAfter(signal));
      await sleep(pauseMs, undefined, { signal }).catch(ignoreAfter(signal));
      pauseMs = MINUTE_MS - (now() % MINUTE_MS);
    }
  };
  const watching = watch();
  return {
    async close() {
      closing.abort();
      await watching;
    },
  };
}

function ignoreAfter(signal: AbortSignal): (err: unknown) => void {
  return (err) => {
    if (!signal.aborted) throw err;
  };
}

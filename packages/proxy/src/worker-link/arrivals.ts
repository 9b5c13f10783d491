import { access } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Has workers woken that sleep, and tells when they are there. */
export interface Arrivals {
  /** Resolves when there is a socket at this path, or after `LOOK_FOR_MS` without one. Never rejects. */
  wait(socketPath: string): Promise<void>;
}

export interface ArrivalsOptions {
  /** Has the process started that should listen there; where it is starting already, nothing happens. */
  readonly wake: (socketPath: string) => void;
}

const LOOK_EVERY_MS = 10;
const LOOK_FOR_MS = 200;

/** However many requests wait for a worker, it is looked for once at a time, and woken each time. */
export function createArrivals({ wake }: ArrivalsOptions): Arrivals {
  const expected = new Map<string, Promise<void>>();
  return {
    wait(socketPath) {
      const joined = expected.get(socketPath);
      if (joined !== undefined) return joined;
      wake(socketPath);
      const arrival = lookFor(socketPath).finally(() => expected.delete(socketPath));
      expected.set(socketPath, arrival);
      return arrival;
    },
  };
}

async function lookFor(socketPath: string): Promise<void> {
  for (let passedMs = 0; passedMs < LOOK_FOR_MS; passedMs += LOOK_EVERY_MS) {
    await sleep(LOOK_EVERY_MS);
    if (await isThere(socketPath)) return;
  }
}

function isThere(socketPath: string): Promise<boolean> {
  return access(socketPath).then(
    () => true,
    () => false,
  );
}

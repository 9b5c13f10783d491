import { setTimeout as sleep } from 'node:timers/promises';

const DEADLINE_MS = 15_000;
const POLL_MS = 25;

/**
 * Waits until `find` gives something other than undefined and false, and resolves with it.
 *
 * @throws with `what` when that takes longer than 15 s
 */
export async function eventually<T>(
  what: string,
  find: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const found = await find();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`still waiting after ${DEADLINE_MS} ms until ${what}`);
    await sleep(POLL_MS);
  }
}

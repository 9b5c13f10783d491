import { setTimeout as delay } from 'node:timers/promises';

/** Resolves with what `find` finds, once it finds something; how long that takes is no condition of the test. */
export async function until<T>(
  what: string,
  find: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + 20_000;
  while (performance.now() < deadline) {
    const found = await find();
    if (found !== undefined && found !== false) return found;
    await delay(20);
  }
  throw new Error(`waited in vain until ${what}`);
}

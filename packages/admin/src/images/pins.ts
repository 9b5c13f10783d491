import type { Pin, PinList } from '@registry-cache/control';
import {
  checkPinPattern,
  createPinMatcher,
  InvalidPinFileError,
  type PinFile,
  type PinMatcher,
} from '@registry-cache/store/images';
import { CacheError } from '../cache.ts';

/** Which images are kept from eviction, by the configuration and by command. */
export interface Pins {
  list(): Promise<PinList>;
  matcher(): Promise<PinMatcher>;
  /** Resolves to false where it is there already. */
  add(pattern: string): Promise<boolean>;
  remove(pattern: string): Promise<void>;
}

export function createPins(file: PinFile, configured: () => readonly string[]): Pins {
  const list = async (): Promise<readonly Pin[]> => {
    const commanded = (await answered(file.read())).filter((pattern) => !configured().includes(pattern));
    return [
      ...configured().map((pattern): Pin => ({ pattern, from: 'configuration' })),
      ...commanded.map((pattern): Pin => ({ pattern, from: 'command' })),
    ];
  };
  return {
    list: async () => ({ pins: await list() }),
    matcher: async () => createPinMatcher((await list()).map(({ pattern }) => pattern)),
    async add(pattern) {
      const problem = checkPinPattern(pattern);
      if (problem !== undefined) throw new CacheError('INVALID', problem);
      return configured().includes(pattern) ? false : answered(file.add(pattern));
    },
    async remove(pattern) {
      const wasCommanded = await answered(file.remove(pattern));
      if (configured().includes(pattern)) {
        throw new CacheError('CONFLICT', `${pattern} is pinned by cleaner.pins: remove it from config.yml`);
      }
      if (wasCommanded) return;
      const known = (await list()).map((pin) => pin.pattern).join(', ') || 'none';
      throw new CacheError('NOT_FOUND', `there is no pin ${pattern.slice(0, 512)}; there are: ${known}`);
    },
  };
}

async function answered<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    if (!(cause instanceof InvalidPinFileError)) throw cause;
    throw new CacheError('CONFLICT', cause.message, { cause });
  }
}

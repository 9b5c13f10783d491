import type { Inspection, ListedImage, Pin, Status, WarmEvent, WarmRequest } from '@registry-cache/control';
import { CacheError, type Cache } from '../../../src/cache.ts';
import { historyOfDay, inspectionOf, statusWith } from './content.ts';

/** A cache that remembers what it was told to do. */
export interface FakeCache extends Cache {
  status_: Status;
  readonly listed: ListedImage[];
  readonly kept: Pin[];
  readonly removed: string[];
  readonly warmed: WarmRequest[];
  inspection: Inspection | undefined;
  /** What a job tells. */
  warmEvents: readonly WarmEvent[];
}

export function createFakeCache(): FakeCache {
  const unused = (): never => {
    throw new Error('the dashboard asks for nothing of this');
  };
  const fake: FakeCache = {
    status_: statusWith(),
    listed: [],
    kept: [],
    removed: [],
    warmed: [],
    inspection: undefined,
    warmEvents: [],
    status: async () => fake.status_,
    problems: unused,
    metrics: unused,
    history: async () => historyOfDay(),
    log: unused,
    images: async () => ({ images: fake.listed }),
    inspect: async (name) => {
      const image = fake.listed.find(
        (each) => name === `${each.upstream}/${each.repository}:${each.tag ?? ''}`,
      );
      if (image === undefined) throw new CacheError('INVALID', `${name} is no image name`);
      return fake.inspection ?? inspectionOf(image);
    },
    remove: async (name) => {
      fake.removed.push(name);
      return { tags: 1, manifests: 1, blobs: 1, bytes: 1, sharedBlobs: 0 };
    },
    pins: async () => ({ pins: fake.kept }),
    pin: async (pattern) => {
      if (fake.kept.some((pin) => pin.pattern === pattern)) return false;
      fake.kept.push({ pattern, from: 'command' });
      return true;
    },
    unpin: async (pattern) => {
      const index = fake.kept.findIndex((pin) => pin.pattern === pattern);
      if (index === -1) throw new CacheError('NOT_FOUND', `${pattern} is not pinned`);
      fake.kept.splice(index, 1);
    },
    clean: unused,
    warm: (request) => {
      fake.warmed.push(request);
      return tell(fake.warmEvents);
    },
  };
  return fake;
}

async function* tell(events: readonly WarmEvent[]): AsyncGenerator<WarmEvent> {
  yield* events;
}

import { digestOf, type Digest } from '@registry-cache/oci';
import { expect, test } from 'vitest';
import { createLogLines } from '../../cleaner/test/support/log-lines.ts';
import type { ImageAge } from '../src/image-age.ts';
import type { Pull } from '../src/pull.ts';
import { createTouchQueue } from '../src/touch-queue.ts';
import { pullOf, type EventDetails } from './support/access-events.ts';

const NOW_MS = Date.now();
const MANIFEST = digestOf(Buffer.from('manifest'));
const LAYER = digestOf(Buffer.from('layer'));

function pull(details: EventDetails): Pull {
  return pullOf({ atMs: NOW_MS, ...details });
}

type Touch = readonly [kind: 'image' | 'blob', digest: Digest, atMs: number];

/** Remembers what it was told, and fails where the test wants it to. */
function createRecorder(fail: () => boolean = () => false): { touches: Touch[]; imageAge: ImageAge } {
  const touches: Touch[] = [];
  const record =
    (kind: Touch[0]) =>
    async (digest: Digest, atMs: number): Promise<void> => {
      if (fail()) throw new Error('read-only file system');
      touches.push([kind, digest, atMs]);
    };
  return { touches, imageAge: { touchImage: record('image'), touchBlob: record('blob') } };
}

test('manifests are touched as images, and blobs by themselves', async () => {
  const { touches, imageAge } = createRecorder();
  const queue = createTouchQueue({ imageAge, log: createLogLines().log });

  queue.add(pull({ digest: MANIFEST }));
  queue.add(pull({ digest: LAYER, mediaType: 'application/octet-stream' }));
  await queue.drain();

  expect(touches).toEqual([
    ['image', MANIFEST, NOW_MS],
    ['blob', LAYER, NOW_MS],
  ]);
});

test('many pulls of one image are one touch, at the latest time', async () => {
  const { touches, imageAge } = createRecorder();
  const queue = createTouchQueue({ imageAge, log: createLogLines().log });

  queue.add(pull({ digest: LAYER }));
  for (let node = 0; node < 1_000; node++)
    queue.add(pull({ digest: MANIFEST, atMs: NOW_MS - 500 + (node % 400) }));
  await queue.drain();

  expect(touches.filter(([, digest]) => digest === MANIFEST)).toEqual([['image', MANIFEST, NOW_MS - 101]]);
});

test('beyond its bound the queue does not grow, and says how much it left out', async () => {
  const { touches, imageAge } = createRecorder();
  const { log, lines } = createLogLines();
  const queue = createTouchQueue({ imageAge, log, maxPending: 10 });

  for (let id = 0; id < 100; id++) queue.add(pull({ digest: digestOf(Buffer.from(String(id))) }));
  await queue.drain();

  expect(touches.length).toBeLessThan(100);
  expect(lines).toMatchObject([{ level: 'warn', unrecorded: 100 - touches.length }]);
});

test('a failure is logged once, and the rest of the queue goes on', async () => {
  let failures = 3;
  const { touches, imageAge } = createRecorder(() => failures-- > 0);
  const { log, lines } = createLogLines();
  const queue = createTouchQueue({ imageAge, log });

  for (let id = 0; id < 5; id++) queue.add(pull({ digest: digestOf(Buffer.from(String(id))) }));
  await queue.drain();

  expect(touches).toHaveLength(2);
  expect(lines).toMatchObject([{ level: 'error', err: { message: 'read-only file system' } }]);
});

test('what is added while the queue works is worked on too', async () => {
  const { touches, imageAge } = createRecorder();
  const log = createLogLines().log;
  const queue = createTouchQueue({
    log,
    imageAge: {
      ...imageAge,
      async touchImage(digest, atMs) {
        await imageAge.touchImage(digest, atMs);
        if (digest === MANIFEST) queue.add(pull({ digest: LAYER }));
      },
    },
  });

  queue.add(pull({ digest: MANIFEST }));
  await queue.drain();

  expect(touches.map(([, digest]) => digest)).toEqual([MANIFEST, LAYER]);
});

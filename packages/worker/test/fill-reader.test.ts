import { expect, test } from 'vitest';
import { digestOf } from '@registry-cache/oci';
import { createVerifier } from '@registry-cache/store';
import { createFillProgress } from '../src/fill/fill-progress.ts';
import { createFillReader } from '../src/fill/fill-reader.ts';

test('a reader of what is there leaves nothing behind with the fill, however much it reads', async () => {
  const bytes = Buffer.alloc(4 * 1024 * 1024, 1);
  const source = createFillProgress();
  source.become({ kind: 'verified' });
  let waits = 0;
  const reader = createFillReader({
    file: {
      sizeBytes: bytes.byteLength,
      append: async () => {},
      read: async (buffer, position) => bytes.copy(buffer, 0, position),
      verify: () => {},
      verifier: () => createVerifier(digestOf(bytes)),
      publish: async () => {},
      discard: async () => {},
      leave: () => {},
      close: async () => {},
    },
    recent: { find: () => undefined },
    progress: {
      get state() {
        return source.state;
      },
      nextChange: () => {
        waits++;
        return source.nextChange();
      },
    },
    range: { start: 0 },
    fetchRest: () => {
      throw new Error('nothing is fetched');
    },
    onClose: () => {},
  });
  expect(Buffer.concat(await reader.toArray()).equals(bytes)).toBe(true);
  expect(waits).toBe(0);
});

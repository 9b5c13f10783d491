import { expect, test } from 'vitest';
import { measureDisk } from '../../src/maintenance/measure-disk.ts';
import { createStoreFolder } from '../support/store-folder.ts';

test('the disk is measured before anything is stored on it, and afterwards', async () => {
  const store = await createStoreFolder();
  const before = await measureDisk(store.layout);
  await store.writeBlob('hello');
  const after = await measureDisk(store.layout);

  expect(before.sizeBytes).toBeGreaterThan(before.freeBytes);
  expect(after.sizeBytes).toBe(before.sizeBytes);
});

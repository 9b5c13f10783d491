import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createDiskCalls } from '../../src/maintenance/disk-calls.ts';
import { createStoreFolder } from '../support/store-folder.ts';

/** A clock by which each call takes that long. */
function clockOf(msPerReading: number): () => number {
  let nowMs = 0;
  return () => (nowMs += msPerReading);
}

const FROM_MEMORY = 0.01;
const FROM_A_SLOW_DISK = 5;

describe.each([
  ['answered from memory', FROM_MEMORY],
  ['that have to wait', FROM_A_SLOW_DISK],
])('calls %s', (_, msPerReading) => {
  const calls = createDiskCalls(clockOf(msPerReading));

  test('say what is there, and that nothing is', async () => {
    const { rootDirectory } = await createStoreFolder();
    const file = join(rootDirectory, 'link');
    await writeFile(file, 'hello');

    // Also the second time, since the first one decides how it is made.
    for (const path of [file, file]) {
      expect(await calls.findStats(path)).toMatchObject({ size: 5 });
      expect(await calls.findText(path)).toBe('hello');
      expect(await calls.findStats(`${path}.absent`)).toBeUndefined();
      expect(await calls.findStats(`${path}/below`)).toBeUndefined();
      expect(await calls.findText(`${path}/below`)).toBeUndefined();
    }
    await expect(calls.findText(rootDirectory)).rejects.toMatchObject({ code: 'EISDIR' });
  });

  test('read a file without making it look used', async () => {
    const store = await createStoreFolder();
    const times = { accessedAtMs: 1_000_000, filledAtMs: 2_000_000 };
    const path = store.blobPath(await store.writeBlob('hello', times));

    for (const _time of ['first', 'second']) {
      expect(String(await calls.findBytes(path))).toBe('hello');
      expect(await calls.findBytes(`${path}.absent`)).toBeUndefined();
    }

    expect((await calls.findStats(path))?.atimeMs).toBe(1_000_000);
  });

  test('list all of a folder', async () => {
    const { rootDirectory } = await createStoreFolder();
    const names = Array.from({ length: 600 }, (__, id) => `entry-${id}`);
    for (const name of names) await mkdir(join(rootDirectory, name));

    const folder = await calls.openFolder(rootDirectory);
    const found: string[] = [];
    for (let entry = await calls.readEntry(folder); entry !== null; entry = await calls.readEntry(folder)) {
      found.push(entry.name);
    }
    folder.closeSync();

    expect(found.toSorted()).toEqual(names.toSorted());
  });

  test('remove files and folders, and nothing that is in use', async () => {
    const { rootDirectory } = await createStoreFolder();
    const folder = join(rootDirectory, 'folder');
    await mkdir(folder);
    await writeFile(join(folder, 'data'), 'hello');

    await expect(calls.removeFolder(folder)).rejects.toMatchObject({ code: 'ENOTEMPTY' });
    expect(await calls.unlinkFile(join(folder, 'data'))).toBe(true);
    expect(await calls.unlinkFile(join(folder, 'data'))).toBe(false);
    await calls.removeFolder(folder);

    expect(await calls.findStats(folder)).toBeUndefined();
  });
});

test('however many calls are answered from memory, the event loop gets its turns', async () => {
  const { rootDirectory } = await createStoreFolder();
  const calls = createDiskCalls(clockOf(0.2));
  let isTurned = false;
  setImmediate(() => {
    isTurned = true;
  });

  for (let call = 0; call < 200; call++) await calls.findStats(rootDirectory);

  expect(isTurned).toBe(true);
});

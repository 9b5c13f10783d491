import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPinFile } from '../../src/images/pin-file.ts';
import { createStoreFolder } from '../support/store-folder.ts';

const FILE = 'registry-cache/pins.json';

test('without a file there are no pins', async () => {
  expect(await createPinFile((await createStoreFolder()).rootDirectory).read()).toEqual([]);
});

test('a pin is there for every process until it is removed', async () => {
  const { rootDirectory } = await createStoreFolder();
  const pins = createPinFile(rootDirectory);

  expect(await pins.add('quay.io/org/**')).toBe(true);
  expect(await pins.add('docker.io/library/alpine:3.*')).toBe(true);
  expect(await createPinFile(rootDirectory).read()).toEqual([
    'quay.io/org/**',
    'docker.io/library/alpine:3.*',
  ]);

  expect(await pins.remove('quay.io/org/**')).toBe(true);
  expect(await createPinFile(rootDirectory).read()).toEqual(['docker.io/library/alpine:3.*']);
});

test('a pin that is there is not added again, and one that is not there cannot be removed', async () => {
  const pins = createPinFile((await createStoreFolder()).rootDirectory);
  await pins.add('quay.io/org/**');

  expect(await pins.add('quay.io/org/**')).toBe(false);
  expect(await pins.remove('quay.io/**')).toBe(false);
  expect(await pins.read()).toEqual(['quay.io/org/**']);
});

test('of many that are added at once none is lost', async () => {
  const { rootDirectory } = await createStoreFolder();
  const pins = createPinFile(rootDirectory);
  const patterns = Array.from({ length: 30 }, (_, id) => `quay.io/org/app-${id}`);

  await Promise.all(patterns.map((pattern) => pins.add(pattern)));

  expect(await pins.read()).toEqual(patterns);
  expect(await readdir(join(rootDirectory, 'registry-cache'))).toEqual(['pins.json']);
});

test.each(['', '[]', '{"pins":"quay.io/**"}', '{"pins":[1]}', 'null', '{"pins":["a"'])(
  'a file that holds %j is not taken for no pins, and is not written over',
  async (text) => {
    const store = await createStoreFolder();
    await store.writeFile(FILE, text);
    const pins = createPinFile(store.rootDirectory);

    await expect(pins.read()).rejects.toThrowError('pins.json holds something else');
    await expect(pins.add('quay.io/org/**')).rejects.toThrowError('pins.json holds something else');

    expect(await readFile(join(store.rootDirectory, FILE), 'utf8')).toBe(text);
  },
);

test('after a change that failed the next one is made', async () => {
  const store = await createStoreFolder();
  await store.writeFile(FILE, 'broken');
  const pins = createPinFile(store.rootDirectory);
  await expect(pins.add('quay.io/org/**')).rejects.toThrowError();

  await store.writeFile(FILE, '{"pins":[]}');

  expect(await pins.add('quay.io/org/**')).toBe(true);
});

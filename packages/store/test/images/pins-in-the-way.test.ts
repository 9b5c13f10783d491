import { beforeEach, expect, test } from 'vitest';
import { parseImageName } from '../../src/images/image-name.ts';
import { createPinMatcher } from '../../src/images/pin-matcher.ts';
import { findPinsInTheWay } from '../../src/images/pins-in-the-way.ts';
import { createStoreFolder, type StoreFolder } from '../support/store-folder.ts';
import { storedImages, type StoredImages, type WrittenImage } from '../support/stored-images.ts';

const NEVER = new AbortController().signal;
const APP = 'quay.io/org/app';

interface Scene {
  readonly store: StoreFolder;
  readonly images: StoredImages;
  readonly amd: WrittenImage;
  readonly index: Pick<WrittenImage, 'digest'>;
}

let scene: Scene;

/** The index `1.0` of one image, which `1.0-amd64` names too, and `2.0`. */
beforeEach(async () => {
  const store = await createStoreFolder();
  const images = storedImages(store);
  const amd = await images.writeImage(APP, { layers: ['amd'] });
  const index = await images.writeIndex(APP, [{ image: amd, platform: 'linux/amd64' }]);
  await images.tag(APP, '1.0', index.digest);
  await images.tag(APP, '1.0-amd64', amd.digest);
  await images.tag(APP, '2.0', (await images.writeImage(APP, { layers: ['two'] })).digest);
  scene = { store, images, amd, index };
});

function pinsInTheWay(name: string, ...patterns: readonly string[]): Promise<string[]> {
  return findPinsInTheWay(scene.store.layout, parseImageName(name), createPinMatcher(patterns), NEVER);
}

test('a tag is kept by every pattern that matches it', async () => {
  const patterns = ['quay.io/**', `${APP}:1.*`, `${APP}:2.*`, 'docker.io/**'];
  expect(await pinsInTheWay(`${APP}:1.0`, ...patterns)).toEqual(['quay.io/**', `${APP}:1.*`]);
});

test('a tag goes beside another one that is pinned', async () => {
  expect(await pinsInTheWay(`${APP}:2.0`, `${APP}:1.0`)).toEqual([]);
  expect(await pinsInTheWay(`${APP}:1.0-amd64`, `${APP}:1.0`)).toEqual([]);
});

test('a digest is kept by pins of its tags, and of the index that names it', async () => {
  const { amd } = scene;
  expect(await pinsInTheWay(`${APP}@${amd.digest}`, `${APP}:*-amd64`)).toEqual([`${APP}:*-amd64`]);
  expect(await pinsInTheWay(`${APP}@${amd.digest}`, `${APP}:1.0`)).toEqual([`${APP}:1.0`]);
  expect(await pinsInTheWay(`${APP}@${amd.digest}`, `${APP}:2.0`)).toEqual([]);
});

test('an index is kept by the pin of an image that would go with it', async () => {
  const pattern = `${APP}@${scene.amd.digest}`;
  expect(await pinsInTheWay(`${APP}:1.0`, pattern)).toEqual([pattern]);
  expect(await pinsInTheWay(`${APP}@${scene.index.digest}`, pattern)).toEqual([pattern]);
});

test('of what is not there nothing is in the way', async () => {
  expect(await pinsInTheWay(`${APP}:3.0`, '**')).toEqual([]);
  expect(await pinsInTheWay('quay.io/org/absent:1.0', '**')).toEqual([]);
});

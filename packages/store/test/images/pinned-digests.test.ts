import { rm } from 'node:fs/promises';
import { digestOf, parseDigest, type Digest } from '@registry-cache/oci';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createPinMatcher } from '../../src/images/pin-matcher.ts';
import { findPinnedDigests } from '../../src/images/pinned-digests.ts';
import { diskCalls } from '../../src/maintenance/disk-calls.ts';
import { createStoreFolder, type StoreFolder } from '../support/store-folder.ts';
import { storedImages, type WrittenImage } from '../support/stored-images.ts';

const NEVER = new AbortController().signal;
const APP = 'quay.io/org/app';
const GONE = parseDigest(`sha256:${'dead'.repeat(16)}`);

async function pinned(store: StoreFolder, ...patterns: readonly string[]): Promise<Digest[]> {
  return [...(await findPinnedDigests(store.layout, createPinMatcher(patterns), NEVER))].sort();
}

function partsOf(...images: readonly WrittenImage[]): Digest[] {
  const parts = images.flatMap(({ digest, config, layers }) => [digest, config, ...layers]);
  return [...new Set(parts)].sort();
}

test('of a repository that is pinned, everything is', async () => {
  const store = await createStoreFolder();
  const images = storedImages(store);
  const tagged = await images.writeImage(APP, { layers: ['tagged'] });
  const untagged = await images.writeImage(APP, { layers: ['untagged'] });
  await images.tag(APP, '1.0', tagged.digest);
  await images.linkLayer(APP, await store.writeBlob('of an image whose manifest went'));
  await images.writeImage('quay.io/org/other', { layers: ['other'] });

  expect(await pinned(store, APP)).toEqual(
    [...partsOf(tagged, untagged), digestOf(Buffer.from('of an image whose manifest went'))].sort(),
  );
});

test('of a repository that is pinned, layers stay that clients had from another one', async () => {
  const store = await createStoreFolder();
  const images = storedImages(store);
  const image = await images.writeImage(APP, { layers: ['base', 'own'] });
  const { repositories } = store.layout;
  await rm(`${repositories}/${APP}/_layers/${digestOf(Buffer.from('base')).replace(':', '/')}/link`);

  expect(await pinned(store, 'quay.io/org/**')).toEqual(partsOf(image));
});

test('of tags that are pinned, all that they refer to is', async () => {
  const store = await createStoreFolder();
  const images = storedImages(store);
  const amd = await images.writeImage(APP, { layers: ['base', 'amd'] });
  const arm = await images.writeImage(APP, { layers: ['base', 'arm'] });
  const other = await images.writeImage(APP, { layers: ['base', 'other'] });
  const index = await images.writeIndex(APP, [
    { image: amd, platform: 'linux/amd64' },
    { image: arm, platform: 'linux/arm64' },
  ]);
  await images.tag(APP, '1.0', index.digest);
  await images.tag(APP, '2.0', other.digest);

  expect(await pinned(store, `${APP}:1.*`)).toEqual([index.digest, ...partsOf(amd, arm)].sort());
});

test('of a digest that is pinned, all that it refers to is', async () => {
  const store = await createStoreFolder();
  const images = storedImages(store);
  const image = await images.writeImage(APP, { layers: ['a'] });
  await images.writeImage(APP, { layers: ['b'] });

  expect(await pinned(store, `${APP}@${image.digest}`)).toEqual(partsOf(image));
  expect(await pinned(store, `quay.io/**@${image.digest}`)).toEqual(partsOf(image));
  expect(await pinned(store, `${APP}@${GONE}`)).toEqual([]);
});

test('what several patterns match is pinned by all of them together', async () => {
  const store = await createStoreFolder();
  const images = storedImages(store);
  const written: WrittenImage[] = [];
  for (const repository of [APP, `${APP}/debug`, 'localhost_5000/app', 'mirror/app']) {
    const image = await images.writeImage(repository, { layers: [repository] });
    await images.tag(repository, '1', image.digest);
    written.push(image);
  }

  expect(await pinned(store, `${APP}:1`, 'quay.io/org/**:2', `${APP}/**`)).toEqual(
    partsOf(...written.slice(0, 2)),
  );
  expect(await pinned(store, 'localhost:5000/*', 'mirror/app')).toEqual(partsOf(...written.slice(2)));
  expect(await pinned(store, '**')).toEqual(partsOf(...written));
});

test('a manifest that is gone is pinned, so that it stays when it is pulled again', async () => {
  const store = await createStoreFolder();
  await storedImages(store).tag(APP, '1.0', GONE);

  expect(await pinned(store, `${APP}:1.0`)).toEqual([GONE]);
});

test('without pins nothing is read', async () => {
  expect(await pinned(await createStoreFolder())).toEqual([]);
});

test('folders that no pattern can match are not looked into', async () => {
  const store = await createStoreFolder();
  const images = storedImages(store);
  await images.writeImage(APP, { layers: ['a'] });
  await images.writeImage('quay.io/huge/app', { layers: ['b'] });
  const opened = vi.spyOn(diskCalls, 'openFolder');
  onTestFinished(() => opened.mockRestore());
  const isHuge = ([path]: readonly [path: string]): boolean => path.includes('/huge');

  await pinned(store, 'quay.io/org/**', 'docker.io/**');
  expect(opened.mock.calls.filter(isHuge)).toEqual([]);

  await pinned(store, 'quay.io/*/app');
  expect(opened.mock.calls.filter(isHuge)).not.toEqual([]);
});

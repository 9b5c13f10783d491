import { rm, stat } from 'node:fs/promises';
import { digestOf, parseDigest } from '@registry-cache/oci';
import { describe, expect, test } from 'vitest';
import { parseImageName } from '../../src/images/image-name.ts';
import { findImage } from '../../src/images/list-images.ts';
import { createStoreFolder } from '../support/store-folder.ts';
import { storedImages } from '../support/stored-images.ts';

const NEVER = new AbortController().signal;
const APP = 'quay.io/org/app';
const GONE = parseDigest(`sha256:${'dead'.repeat(16)}`);
const PULLED_AT_MS = Date.UTC(2026, 0, 2);
const FILLED_AT_MS = Date.UTC(2026, 0, 1);

describe('an image that is asked for', () => {
  test('by its tag is told with all that it consists of', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const times = { accessedAtMs: PULLED_AT_MS, filledAtMs: FILLED_AT_MS };
    const amd = await images.writeImage(APP, { layers: ['amd', 'gone'], times });
    await rm(store.blobPath(digestOf(Buffer.from('gone'))));
    const entries = [
      { image: amd, platform: 'linux/amd64' },
      { image: { digest: GONE, sizeBytes: 100 }, platform: 'linux/arm64' },
    ];
    const index = await images.writeIndex(APP, entries, times);
    await images.tag(APP, '1.0', index.digest);
    const stored = { isStored: true, isLinked: true, pulledAtMs: PULLED_AT_MS, filledAtMs: FILLED_AT_MS };

    const image = await findImage(store.layout, parseImageName(`${APP}:1.0`), NEVER);

    expect(image).toMatchObject({ tag: '1.0', state: 'partial', missingBlobs: 1 });
    expect(image?.manifests).toEqual([
      {
        digest: index.digest,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        platform: undefined,
        sizeBytes: index.sizeBytes,
        isStored: true,
        isLinked: true,
        pulledAtMs: PULLED_AT_MS,
        blobs: [],
      },
      {
        digest: amd.digest,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        platform: 'linux/amd64',
        sizeBytes: amd.sizeBytes,
        isStored: true,
        isLinked: true,
        pulledAtMs: PULLED_AT_MS,
        blobs: [
          {
            digest: amd.config,
            mediaType: 'application/vnd.oci.image.config.v1+json',
            sizeBytes: (await stat(store.blobPath(amd.config))).size,
            ...stored,
          },
          {
            digest: amd.layers[0],
            mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
            sizeBytes: 3,
            ...stored,
          },
          {
            digest: amd.layers[1],
            mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
            sizeBytes: 4,
            isStored: false,
            isLinked: true,
            pulledAtMs: undefined,
            filledAtMs: undefined,
          },
        ],
      },
      {
        digest: GONE,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        platform: 'linux/arm64',
        sizeBytes: 100,
        isStored: false,
        isLinked: false,
        pulledAtMs: undefined,
        blobs: [],
      },
    ]);
  });

  test('by its digest has no tag', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const { digest } = await images.writeImage(APP, { layers: ['a'] });
    await images.tag(APP, '1.0', digest);

    const image = await findImage(store.layout, parseImageName(`${APP}@${digest}`), NEVER);

    expect(image).toMatchObject({ tag: undefined, digest, state: 'complete', confirmedAtMs: undefined });
  });

  test('tells which blobs only another repository has', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const { digest } = await images.writeImage('quay.io/other/app', { layers: ['a'] });
    await images.linkRevision(APP, digest);

    const image = await findImage(store.layout, parseImageName(`${APP}@${digest}`), NEVER);

    expect(image?.manifests[0]?.blobs.map(({ isStored, isLinked }) => [isStored, isLinked])).toEqual([
      [true, false],
      [true, false],
    ]);
  });

  test('and is not there is undefined', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const { digest } = await images.writeImage(APP, { layers: ['a'] });
    await images.tag(APP, '1.0', digest);
    await images.linkRevision(APP, GONE);
    const find = (text: string): Promise<unknown> => findImage(store.layout, parseImageName(text), NEVER);

    expect(await find(`${APP}:2.0`)).toBeUndefined();
    expect(await find('quay.io/org:1.0')).toBeUndefined();
    expect(await find('docker.io/org/app:1.0')).toBeUndefined();
    expect(await find(`quay.io/other/app@${digest}`)).toBeUndefined();
    expect(await find(`${APP}@${GONE}`)).toBeUndefined();
  });

  test('and evicted is told by its tag', async () => {
    const store = await createStoreFolder();
    await storedImages(store).tag(APP, '1.0', GONE);

    expect(await findImage(store.layout, parseImageName(`${APP}:1.0`), NEVER)).toMatchObject({
      state: 'evicted',
      manifests: [{ digest: GONE, isStored: false, blobs: [] }],
    });
  });
});

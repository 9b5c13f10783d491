import { rm, stat } from 'node:fs/promises';
import { digestOf, parseDigest } from '@registry-cache/oci';
import { describe, expect, test } from 'vitest';
import { listImages } from '../../src/images/list-images.ts';
import type { StoredImage } from '../../src/images/stored-image.ts';
import { collect } from '../support/collect.ts';
import { createStoreFolder, type StoreFolder } from '../support/store-folder.ts';
import { storedImages } from '../support/stored-images.ts';

const NEVER = new AbortController().signal;
const APP = 'quay.io/org/app';
const GONE = parseDigest(`sha256:${'dead'.repeat(16)}`);
const PULLED_AT_MS = Date.UTC(2026, 0, 2);
const FILLED_AT_MS = Date.UTC(2026, 0, 1);

function list(store: StoreFolder, prefix?: string): Promise<StoredImage[]> {
  return collect(listImages(store.layout, { signal: NEVER, ...(prefix === undefined ? {} : { prefix }) }));
}

function lengthOf(...texts: string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}

describe('an image', () => {
  test('is listed with its platform, its size and its times', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const times = { accessedAtMs: PULLED_AT_MS, filledAtMs: FILLED_AT_MS };
    const image = await images.writeImage(APP, {
      platform: 'linux/arm/v7',
      layers: ['one', 'two two'],
      times,
    });
    await images.tag(APP, '1.0', image.digest, 60_000);
    const configBytes = (await stat(store.blobPath(image.config))).size;

    const [listed, ...others] = await list(store);

    expect(others).toEqual([]);
    expect(listed).toEqual({
      upstream: 'quay.io',
      repository: 'org/app',
      tag: '1.0',
      digest: image.digest,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      sizeBytes: image.sizeBytes + configBytes + lengthOf('one', 'two two'),
      storedBytes: image.sizeBytes + configBytes + lengthOf('one', 'two two'),
      platforms: ['linux/arm/v7'],
      missingBlobs: 0,
      state: 'complete',
      pulledAtMs: PULLED_AT_MS,
      confirmedAtMs: expect.closeTo(Date.now() - 60_000, -5),
    });
  });

  test('of docker is one too', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const mediaType = 'application/vnd.docker.distribution.manifest.v2+json';
    const configMediaType = 'application/vnd.docker.container.image.v1+json';
    const text = { platform: 'linux/amd64', layers: ['a'], mediaType, configMediaType };
    await images.tag(APP, 'latest', (await images.writeImage(APP, text)).digest);

    expect(await list(store)).toMatchObject([{ mediaType, platforms: ['linux/amd64'], state: 'complete' }]);
  });

  test('of schema 1 has no sizes but those that are stored, and says no platform', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const document = {
      schemaVersion: 1,
      fsLayers: [{ blobSum: await store.writeBlob('layer') }, { blobSum: GONE }],
    };
    await images.tag(APP, 'old', await images.writeManifest(APP, document));

    expect(await list(store)).toMatchObject([
      {
        sizeBytes: JSON.stringify(document).length + 5,
        platforms: [],
        missingBlobs: 1,
        state: 'partial',
      },
    ]);
  });

  test('that lost a layer is partial', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const image = await images.writeImage(APP, { layers: ['gone', 'there'] });
    await images.tag(APP, 'latest', image.digest);
    await rm(store.blobPath(digestOf(Buffer.from('gone'))));

    const [listed] = await list(store);

    expect(listed).toMatchObject({ state: 'partial', missingBlobs: 1 });
    expect((listed?.sizeBytes ?? 0) - (listed?.storedBytes ?? 0)).toBe(4);
  });

  test('has lost a layer that has another size than its manifest says', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const image = await images.writeImage(APP, { layers: ['layer'] });
    await images.tag(APP, 'latest', image.digest);
    await store.writeFile(`docker/registry/v2/blobs/sha256/${pathOf(image.layers[0] ?? GONE)}/data`, 'lay');

    expect(await list(store)).toMatchObject([{ state: 'partial', missingBlobs: 1 }]);
  });

  test('whose manifest is gone is evicted, and its tag is still known', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const image = await images.writeImage(APP, { layers: ['a'] });
    await images.tag(APP, 'latest', image.digest);
    await rm(store.blobPath(image.digest));

    expect(await list(store)).toMatchObject([
      { tag: 'latest', state: 'evicted', mediaType: '', sizeBytes: 0, storedBytes: 0, pulledAtMs: undefined },
    ]);
  });

  test('whose manifest is damaged counts as evicted: nobody is served that', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    await images.tag(APP, 'latest', (await images.writeImage(APP, { layers: ['a'] })).digest);
    await images.tag(APP, 'damaged', GONE);
    await store.writeFile(`docker/registry/v2/blobs/sha256/${pathOf(GONE)}/data`, '{"layers":[]}');

    expect((await list(store)).map(({ tag, state }) => [tag, state])).toEqual([
      ['damaged', 'evicted'],
      ['latest', 'complete'],
    ]);
  });

  test('without a config, as artifacts may be, is complete with its layers', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const layer = { mediaType: 'text/plain', digest: await store.writeBlob('text'), size: 4 };
    await images.tag(APP, 'artifact', await images.writeManifest(APP, { schemaVersion: 2, layers: [layer] }));

    expect(await list(store)).toMatchObject([{ tag: 'artifact', platforms: [], state: 'complete' }]);
  });

  test('shares blobs with another, and each counts them', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    for (const tag of ['1', '2']) {
      await images.tag(APP, tag, (await images.writeImage(APP, { layers: ['base', 'base', tag] })).digest);
    }

    const [first, second] = await list(store);

    expect(first?.state).toBe('complete');
    expect(first?.sizeBytes).toBe(second?.sizeBytes);
  });
});

describe('an index', () => {
  test('is complete with the blobs of one of its platforms', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const amd = await images.writeImage(APP, { layers: ['amd'] });
    const entries = [
      { image: amd, platform: 'linux/amd64' },
      { image: { digest: GONE, sizeBytes: 100 }, platform: 'linux/arm64' },
    ];
    const index = await images.writeIndex(APP, entries);
    await images.tag(APP, 'latest', index.digest);

    expect(await list(store)).toMatchObject([
      { digest: index.digest, platforms: ['linux/amd64'], state: 'complete', missingBlobs: 0 },
    ]);
  });

  test('is partial when a platform of it that was pulled has lost a blob', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const amd = await images.writeImage(APP, { layers: ['amd'] });
    const arm = await images.writeImage(APP, { layers: ['arm'] });
    await rm(store.blobPath(digestOf(Buffer.from('arm'))));
    const entries = [
      { image: amd, platform: 'linux/amd64' },
      { image: arm, platform: 'linux/arm64/v8' },
    ];
    await images.tag(APP, 'latest', (await images.writeIndex(APP, entries)).digest);

    expect(await list(store)).toMatchObject([
      { platforms: ['linux/amd64', 'linux/arm64/v8'], state: 'partial', missingBlobs: 1 },
    ]);
  });

  test('of which no platform was pulled is partial', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const entries = [{ image: { digest: GONE, sizeBytes: 100 }, platform: 'linux/arm64' }];
    await images.tag(APP, 'latest', (await images.writeIndex(APP, entries)).digest);

    expect(await list(store)).toMatchObject([{ platforms: [], state: 'partial', missingBlobs: 0 }]);
  });

  test('is no image by its attestation alone, and that is no platform', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const attestation = await images.writeImage(APP, { layers: ['in-toto'], platform: 'unknown/unknown' });
    const entries = [
      { image: { digest: GONE, sizeBytes: 100 }, platform: 'linux/amd64' },
      { image: attestation, platform: 'unknown/unknown' },
    ];
    await images.tag(APP, 'latest', (await images.writeIndex(APP, entries)).digest);

    expect(await list(store)).toMatchObject([{ platforms: [], state: 'partial' }]);
  });

  test('that says no platform has that of the config', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const image = await images.writeImage(APP, { platform: 'linux/s390x', layers: ['z'] });
    await images.tag(APP, 'latest', (await images.writeIndex(APP, [{ image }])).digest);

    expect(await list(store)).toMatchObject([{ platforms: ['linux/s390x'], state: 'complete' }]);
  });

  test('that refers to itself by way of another ends', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    let inner = await images.writeIndex(APP, []);
    for (let depth = 0; depth < 10; depth++) inner = await images.writeIndex(APP, [{ image: inner }]);
    await images.tag(APP, 'deep', inner.digest);

    expect((await list(store))[0]).toMatchObject({ tag: 'deep', state: 'partial' });
  });
});

function pathOf(digest: string): string {
  const hex = digest.slice('sha256:'.length);
  return `${hex.slice(0, 2)}/${hex}`;
}

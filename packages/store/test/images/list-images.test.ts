import { rm, stat } from 'node:fs/promises';
import { digestOf, findUpstreamName, parseDigest } from '@registry-cache/oci';
import { describe, expect, test } from 'vitest';
import { parseImageName } from '../../src/images/image-name.ts';
import { findImage, listImages } from '../../src/images/list-images.ts';
import type { StoredImage } from '../../src/images/stored-image.ts';
import { collect } from '../support/collect.ts';
import { createStoreFolder, type StoreFolder } from '../support/store-folder.ts';
import { storedImages } from '../support/stored-images.ts';

const NEVER = new AbortController().signal;
const REPOSITORIES = 'docker/registry/v2/repositories';
const APP = 'quay.io/org/app';
const GONE = parseDigest(`sha256:${'dead'.repeat(16)}`);
const PULLED_AT_MS = Date.UTC(2026, 0, 2);
const FILLED_AT_MS = Date.UTC(2026, 0, 1);

function list(store: StoreFolder, prefix?: string): Promise<StoredImage[]> {
  return collect(listImages(store.layout, { signal: NEVER, ...(prefix === undefined ? {} : { prefix }) }));
}

/** `quay.io/org/app:1.0`, or `quay.io/org/app@…` with the first digits of its digest. */
function nameOf({ upstream, repository, tag, digest }: StoredImage): string {
  return `${upstream}/${repository}${tag === undefined ? `@${digest.slice(7, 15)}` : `:${tag}`}`;
}

async function names(store: StoreFolder, prefix?: string): Promise<string[]> {
  return (await list(store, prefix)).map(nameOf);
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

describe('a list', () => {
  test('has tags in order, then manifests that neither a tag nor an index names', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const ofIndex = await images.writeImage(APP, { layers: ['of index'] });
    const untagged = await images.writeImage(APP, { layers: ['untagged'] });
    const index = await images.writeIndex(APP, [{ image: ofIndex, platform: 'linux/amd64' }]);
    await images.tag(APP, 'b', index.digest);
    await images.tag(APP, 'a', index.digest);
    await images.linkRevision(APP, GONE);

    expect(await names(store)).toEqual([`${APP}:a`, `${APP}:b`, `${APP}@${untagged.digest.slice(7, 15)}`]);
  });

  test('has repositories in order, and those inside the folders of others', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const repositories = ['quay.io/org/app/debug', 'docker.io/library/alpine', APP, 'localhost_5000/app'];
    for (const repository of repositories) {
      await images.tag(repository, '1', (await images.writeImage(repository, { layers: ['a'] })).digest);
    }

    expect(await names(store)).toEqual([
      'docker.io/library/alpine:1',
      'localhost:5000/app:1',
      'quay.io/org/app:1',
      'quay.io/org/app/debug:1',
    ]);
  });

  test.each([
    ['quay.io', ['quay.io/org/app:1', 'quay.io/org/app/debug:1', 'quay.io/organisation/app:1']],
    ['quay.io/org', ['quay.io/org/app:1', 'quay.io/org/app/debug:1']],
    ['quay.io/org/', ['quay.io/org/app:1', 'quay.io/org/app/debug:1']],
    ['quay.io/org/app/debug', ['quay.io/org/app/debug:1']],
    ['localhost:5000', ['localhost:5000/app:1']],
    ['mirror', ['mirror/app:1']],
    ['quay.io/or', []],
    ['quay', []],
    ['quay.io/../docker.io', []],
    ['..', []],
    ['quay.io/org/app/_manifests', []],
  ])('with the prefix %s has what is in that folder', async (prefix, expected) => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const repositories = [
      APP,
      `${APP}/debug`,
      'quay.io/organisation/app',
      'localhost_5000/app',
      'mirror/app',
    ];
    for (const repository of repositories) {
      await images.tag(repository, '1', (await images.writeImage(repository, { layers: ['a'] })).digest);
    }

    expect(await names(store, prefix)).toEqual(expected);
  });

  test('passes over what a plain registry has left, and what is of no registry', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const { digest } = await images.writeImage(APP, { layers: ['a'] });
    const foreign = ['alpine', 'org/app', 'quay.io', 'Quay.io/app', 'quay.io/UPPER', 'quay.io/lost+found'];
    for (const repository of [APP, ...foreign]) await images.tag(repository, '1', digest);
    await images.tag(APP, '.hidden', digest);
    await images.tag(APP, 'broken', 'no digest' as never);
    await store.writeFile(`${REPOSITORIES}/README`, 'hello');
    await store.writeFile(`${REPOSITORIES}/${APP}/_manifests/tags/file`, 'hello');
    await store.writeFile(`${REPOSITORIES}/${APP}/_manifests/revisions/sha256/notes/link`, 'hello');
    await store.writeFile(`${REPOSITORIES}/${APP}/_manifests/revisions/md5/12/link`, 'hello');

    expect(await names(store)).toEqual([`${APP}:1`]);
  });

  test('has upstreams without a dot where it is told of them', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    await images.tag('mirror/app', '1', (await images.writeImage('mirror/app', { layers: ['a'] })).digest);
    const upstreams = [findUpstreamName('mirror')].filter((name) => name !== undefined);

    expect(await collect(listImages(store.layout, { upstreams, signal: NEVER }))).toHaveLength(1);
    expect(await names(store)).toEqual([]);
  });

  test('of an empty store is empty', async () => {
    expect(await names(await createStoreFolder())).toEqual([]);
  });

  test('leaves access times as they are', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const times = { accessedAtMs: 1_000_000, filledAtMs: 2_000_000 };
    const image = await images.writeImage(APP, { layers: ['a'], times });
    await images.tag(APP, '1', image.digest);

    await list(store);

    for (const digest of [image.digest, image.config]) {
      expect((await stat(store.blobPath(digest))).atimeMs).toBe(1_000_000);
    }
  });

  test('ends when it is told to', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const stop = new AbortController();
    for (const repository of ['quay.io/a', 'quay.io/b']) {
      await images.tag(repository, '1', (await images.writeImage(repository, { layers: ['a'] })).digest);
    }

    const listing = (async () => {
      for await (const _ of listImages(store.layout, { signal: stop.signal }))
        stop.abort(new Error('enough'));
    })();

    await expect(listing).rejects.toThrowError('enough');
  });

  test('of a repository with many tags has them all', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const { digest } = await images.writeImage(APP, { layers: ['a'] });
    const tags = Array.from({ length: 300 }, (_, id) => `v${String(id).padStart(3, '0')}`);
    await Promise.all(tags.map((tag) => images.tag(APP, tag, digest)));

    expect((await list(store)).map(({ tag }) => tag)).toEqual(tags);
  });
});

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

function pathOf(digest: string): string {
  const hex = digest.slice('sha256:'.length);
  return `${hex.slice(0, 2)}/${hex}`;
}

import { open } from 'node:fs/promises';
import { digestOf, parseDigest, parseTag, type Digest } from '@registry-cache/oci';
import { describe, expect, test } from 'vitest';
import { createFileStore } from '../../src/file-store.ts';
import { parseImageName } from '../../src/images/image-name.ts';
import { listImages } from '../../src/images/list-images.ts';
import { removeImage } from '../../src/images/remove-image.ts';
import type { RemovalReport } from '../../src/images/stored-image.ts';
import { verifyLinks } from '../../src/maintenance/verify-links.ts';
import { collect } from '../support/collect.ts';
import { createStoreFolder, type StoreFolder } from '../support/store-folder.ts';
import { storedImages } from '../support/stored-images.ts';

const NEVER = new AbortController().signal;
const REPOSITORIES = 'docker/registry/v2/repositories';
const APP = 'quay.io/org/app';
const OTHER = 'docker.io/library/other';
const GONE = parseDigest(`sha256:${'dead'.repeat(16)}`);

function remove(store: StoreFolder, name: string): Promise<RemovalReport | undefined> {
  return removeImage(store.layout, parseImageName(name), NEVER);
}

async function names(store: StoreFolder): Promise<string[]> {
  const images = await collect(listImages(store.layout, { signal: NEVER }));
  return images.map(({ upstream, repository, tag }) => `${upstream}/${repository}:${tag ?? ''}`);
}

function present(store: StoreFolder, digests: readonly Digest[]): Promise<boolean[]> {
  return Promise.all(digests.map((digest) => store.hasBlob(digest)));
}

function blob(text: string): Digest {
  return digestOf(Buffer.from(text));
}

describe('a tag', () => {
  test('goes with its manifest, its blobs and their links', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const image = await images.writeImage(APP, { layers: ['a', 'bc'] });
    await images.tag(APP, '1.0', image.digest);

    const report = await remove(store, `${APP}:1.0`);

    expect(report).toMatchObject({ tags: 1, manifests: 1, blobs: 3, sharedBlobs: 0 });
    expect(await present(store, [image.digest, image.config, ...image.layers])).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(await collect(verifyLinks(store.layout, NEVER))).toEqual([]);
    for (const path of [revision(APP, image.digest), layer(APP, image.config), layer(APP, blob('a'))]) {
      expect(await store.has(path)).toBe(false);
    }
    expect(await names(store)).toEqual([]);
  });

  test('tells how many bytes that has freed', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const image = await images.writeImage(APP, { layers: ['a', 'bc'] });
    await images.tag(APP, '1.0', image.digest);
    const [listed] = await collect(listImages(store.layout, { signal: NEVER }));

    expect((await remove(store, `${APP}:1.0`))?.bytes).toBe(listed?.storedBytes);
  });

  test('goes alone where another tag names the same manifest', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const image = await images.writeImage(APP, { layers: ['a'] });
    await images.tag(APP, '1.0', image.digest);
    await images.tag(APP, 'latest', image.digest);

    expect(await remove(store, `${APP}:1.0`)).toEqual({
      tags: 1,
      manifests: 0,
      blobs: 0,
      bytes: 0,
      sharedBlobs: 2,
    });

    expect(await names(store)).toEqual([`${APP}:latest`]);
    expect(await present(store, [image.digest, image.config, ...image.layers])).toEqual([true, true, true]);
  });

  test('leaves blobs that another image of the repository has too, with their links', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    for (const tag of ['1', '2']) {
      await images.tag(APP, tag, (await images.writeImage(APP, { layers: ['base', `only ${tag}`] })).digest);
    }

    expect(await remove(store, `${APP}:1`)).toMatchObject({ manifests: 1, blobs: 2, sharedBlobs: 1 });

    expect(await present(store, [blob('base'), blob('only 1'), blob('only 2')])).toEqual([true, false, true]);
    expect(await store.has(layer(APP, blob('base')))).toBe(true);
    expect(await collect(listImages(store.layout, { signal: NEVER }))).toMatchObject([{ state: 'complete' }]);
  });

  test('leaves blobs that an untagged manifest of the repository has too', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    await images.writeImage(APP, { layers: ['base', 'untagged'] });
    await images.tag(APP, '1', (await images.writeImage(APP, { layers: ['base'] })).digest);

    await remove(store, `${APP}:1`);

    expect(await collect(listImages(store.layout, { signal: NEVER }))).toMatchObject([
      { tag: undefined, state: 'complete' },
    ]);
  });

  test('leaves blobs that another repository has a link to, and removes its own', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    for (const repository of [APP, OTHER]) {
      const image = await images.writeImage(repository, { layers: ['base', repository] });
      await images.tag(repository, '1', image.digest);
    }

    expect(await remove(store, `${APP}:1`)).toMatchObject({ manifests: 1, blobs: 2, sharedBlobs: 1 });

    expect(await present(store, [blob('base'), blob(APP), blob(OTHER)])).toEqual([true, false, true]);
    expect(await store.has(layer(APP, blob('base')))).toBe(false);
    expect(await names(store)).toEqual([`${OTHER}:1`]);
  });

  test('of the last of several repositories takes the blobs that they had in common', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    for (const repository of [APP, OTHER]) {
      await images.tag(repository, '1', (await images.writeImage(repository, { layers: ['base'] })).digest);
    }

    expect(await remove(store, `${APP}:1`)).toMatchObject({ manifests: 0, blobs: 0, sharedBlobs: 2 });
    expect(await remove(store, `${OTHER}:1`)).toMatchObject({ manifests: 1, blobs: 2, sharedBlobs: 0 });

    expect(await store.hasBlob(blob('base'))).toBe(false);
  });

  test('leaves what a plain registry has on the same disk, and repositories inside its folder', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    await images.tag(APP, '1', (await images.writeImage(APP, { layers: ['a', 'b', 'c'] })).digest);
    await images.linkLayer('library/plain', blob('a'));
    await images.linkLayer(`${APP}/debug`, blob('b'));

    expect(await remove(store, `${APP}:1`)).toMatchObject({ sharedBlobs: 2 });

    expect(await present(store, [blob('a'), blob('b'), blob('c')])).toEqual([true, true, false]);
  });

  test('of an index goes with all platforms of it, unless a tag names one', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const amd = await images.writeImage(APP, { layers: ['amd'] });
    const arm = await images.writeImage(APP, { layers: ['arm'] });
    const entries = [
      { image: amd, platform: 'linux/amd64' },
      { image: arm, platform: 'linux/arm64' },
    ];
    await images.tag(APP, '1', (await images.writeIndex(APP, entries)).digest);
    await images.tag(APP, '1-arm64', arm.digest);

    expect(await remove(store, `${APP}:1`)).toMatchObject({ tags: 1, manifests: 2 });

    expect(await present(store, [amd.digest, blob('amd'), arm.digest, blob('arm')])).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(await names(store)).toEqual([`${APP}:1-arm64`]);
  });

  test('of a platform goes alone while an index refers to it', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const amd = await images.writeImage(APP, { layers: ['amd'] });
    await images.tag(
      APP,
      '1',
      (await images.writeIndex(APP, [{ image: amd, platform: 'linux/amd64' }])).digest,
    );
    await images.tag(APP, '1-amd64', amd.digest);

    expect(await remove(store, `${APP}:1-amd64`)).toMatchObject({ tags: 1, manifests: 0, blobs: 0 });

    expect(await collect(listImages(store.layout, { signal: NEVER }))).toMatchObject([
      { tag: '1', state: 'complete' },
    ]);
  });

  test('whose manifest was evicted goes', async () => {
    const store = await createStoreFolder();
    await storedImages(store).tag(APP, 'old', GONE);

    expect(await remove(store, `${APP}:old`)).toEqual({
      tags: 1,
      manifests: 0,
      blobs: 0,
      bytes: 0,
      sharedBlobs: 0,
    });
    expect(await store.has(`${REPOSITORIES}/${APP}/_manifests/tags/old`)).toBe(false);
  });

  test('goes with what distribution remembers of it', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    await images.tag(APP, '1', (await images.writeImage(APP, { layers: ['a'] })).digest);
    const remembered = `${REPOSITORIES}/${APP}/_manifests/tags/1/index/${GONE.replace(':', '/')}/link`;
    await store.writeFile(remembered, GONE);

    await remove(store, `${APP}:1`);

    expect(await store.has(`${REPOSITORIES}/${APP}/_manifests/tags/1`)).toBe(false);
  });
});

describe('a manifest by its digest', () => {
  test('goes with every tag that names it', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const { digest } = await images.writeImage(APP, { layers: ['a'] });
    for (const tag of ['1', '1.0']) await images.tag(APP, tag, digest);

    expect(await remove(store, `${APP}@${digest}`)).toMatchObject({ tags: 2, manifests: 1, blobs: 2 });

    expect(await names(store)).toEqual([]);
    expect(await store.hasBlob(digest)).toBe(false);
  });

  test('goes though an index refers to it, and leaves what other platforms need', async () => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    const amd = await images.writeImage(APP, { layers: ['base', 'amd'] });
    const arm = await images.writeImage(APP, { layers: ['base', 'arm'] });
    const entries = [
      { image: amd, platform: 'linux/amd64' },
      { image: arm, platform: 'linux/arm64' },
    ];
    await images.tag(APP, '1', (await images.writeIndex(APP, entries)).digest);

    expect(await remove(store, `${APP}@${arm.digest}`)).toMatchObject({
      tags: 0,
      manifests: 1,
      sharedBlobs: 1,
    });

    expect(await present(store, [arm.digest, blob('arm'), blob('base')])).toEqual([false, false, true]);
    expect(await collect(listImages(store.layout, { signal: NEVER }))).toMatchObject([
      { tag: '1', state: 'complete', platforms: ['linux/amd64'] },
    ]);
  });
});

test.each([`${APP}:2.0`, `quay.io/org:1.0`, `docker.io/org/app:1.0`, `${APP}@${GONE}`, `mirror/app:1.0`])(
  'of %s, which is not there, nothing goes',
  async (name) => {
    const store = await createStoreFolder();
    const images = storedImages(store);
    await images.tag(APP, '1.0', (await images.writeImage(APP, { layers: ['a'] })).digest);

    expect(await remove(store, name)).toBeUndefined();

    expect(await collect(listImages(store.layout, { signal: NEVER }))).toMatchObject([{ state: 'complete' }]);
  },
);

test('what somebody reads is read to its end', async () => {
  const store = await createStoreFolder();
  const images = storedImages(store);
  await images.tag(APP, '1', (await images.writeImage(APP, { layers: ['layer'] })).digest);
  const reading = await open(store.blobPath(blob('layer')));

  await remove(store, `${APP}:1`);

  expect(await reading.readFile('utf8')).toBe('layer');
  await reading.close();
});

test('a removal that is told to stop removes nothing', async () => {
  const store = await createStoreFolder();
  const images = storedImages(store);
  await images.tag(APP, '1', (await images.writeImage(APP, { layers: ['a'] })).digest);
  const stopped = AbortSignal.abort(new Error('enough'));

  await expect(removeImage(store.layout, parseImageName(`${APP}:1`), stopped)).rejects.toThrowError('enough');

  expect(await collect(listImages(store.layout, { signal: NEVER }))).toMatchObject([{ state: 'complete' }]);
});

test('a tag is removed while a worker confirms it again and again', async () => {
  const store = await createStoreFolder();
  const images = storedImages(store);
  const { digest } = await images.writeImage(APP, { layers: ['a'] });
  const { upstream, repository } = parseImageName(APP);
  const worker = createFileStore(store);
  const stop = new AbortController();
  const confirming = Array.from({ length: 4 }, async () => {
    while (!stop.signal.aborted) {
      await worker.putTag({ upstream, name: repository }, parseTag('1'), digest, Date.now());
    }
  });

  try {
    for (let removal = 0; removal < 300; removal++) await remove(store, `${APP}:1`);
  } finally {
    stop.abort();
    await Promise.all(confirming);
  }

  expect(await names(store)).toEqual([`${APP}:1`]);
});

test('images that are removed at once take all of their blobs with them', async () => {
  const store = await createStoreFolder();
  const images = storedImages(store);
  const tags = Array.from({ length: 8 }, (_, id) => `v${id}`);
  for (const tag of tags) {
    await images.tag(APP, tag, (await images.writeImage(APP, { layers: ['base', tag] })).digest);
  }

  await Promise.all(tags.map((tag) => remove(store, `${APP}:${tag}`)));

  expect(await names(store)).toEqual([]);
  expect(await collect(verifyLinks(store.layout, NEVER))).toEqual([]);
});

function layer(repository: string, digest: Digest): string {
  return `${REPOSITORIES}/${repository}/_layers/${digest.replace(':', '/')}/link`;
}

function revision(repository: string, digest: Digest): string {
  return `${REPOSITORIES}/${repository}/_manifests/revisions/${digest.replace(':', '/')}/link`;
}

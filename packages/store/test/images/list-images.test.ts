import { stat } from 'node:fs/promises';
import { findUpstreamName, parseDigest } from '@registry-cache/oci';
import { describe, expect, test } from 'vitest';
import { listImages } from '../../src/images/list-images.ts';
import type { StoredImage } from '../../src/images/stored-image.ts';
import { collect } from '../support/collect.ts';
import { createStoreFolder, type StoreFolder } from '../support/store-folder.ts';
import { storedImages } from '../support/stored-images.ts';

const NEVER = new AbortController().signal;
const REPOSITORIES = 'docker/registry/v2/repositories';
const APP = 'quay.io/org/app';
const GONE = parseDigest(`sha256:${'dead'.repeat(16)}`);

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

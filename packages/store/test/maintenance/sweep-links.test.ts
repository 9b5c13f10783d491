import {
  parseDigest,
  parseRepositoryName,
  parseTag,
  type Digest,
  type UpstreamName,
} from '@registry-cache/oci';
import { expect, test } from 'vitest';
import { createFileStore } from '../../src/file-store.ts';
import { sweepLinks } from '../../src/maintenance/sweep-links.ts';
import { createStoreFolder, HOUR_MS, MINUTE_MS } from '../support/store-folder.ts';

const REPOSITORIES = 'docker/registry/v2/repositories';
const GONE = parseDigest(`sha256:${'dead'.repeat(16)}`);
const options = (): Parameters<typeof sweepLinks>[1] => ({
  unchangedSinceMs: Date.now() - 10 * MINUTE_MS,
  dryRun: false,
  signal: new AbortController().signal,
});

const layer = (repository: string, digest: Digest): string =>
  `${REPOSITORIES}/${repository}/_layers/${digest.replace(':', '/')}/link`;
const revision = (repository: string, digest: Digest): string =>
  `${REPOSITORIES}/${repository}/_manifests/revisions/${digest.replace(':', '/')}/link`;
const tag = (repository: string, name: string): string =>
  `${REPOSITORIES}/${repository}/_manifests/tags/${name}/current/link`;
const tagIndex = (repository: string, name: string, digest: Digest): string =>
  `${REPOSITORIES}/${repository}/_manifests/tags/${name}/index/${digest.replace(':', '/')}/link`;

test('links whose blob is gone go, and those of a blob that is there stay', async () => {
  const store = await createStoreFolder();
  const live = await store.writeBlob('live');
  const repository = 'quay.io/org/image';
  const dead = [layer(repository, GONE), revision(repository, GONE), tag(repository, 'old')];
  const kept = [layer(repository, live), revision(repository, live), tag(repository, 'new')];
  for (const path of dead) await store.writeFile(path, GONE, HOUR_MS);
  for (const path of kept) await store.writeFile(path, live, HOUR_MS);

  expect(await sweepLinks(store.layout, options())).toEqual({ layers: 1, revisions: 1, tags: 1 });

  expect(await Promise.all(dead.map((path) => store.has(path)))).toEqual([false, false, false]);
  expect(await Promise.all(kept.map((path) => store.has(path)))).toEqual([true, true, true]);
});

test('a link that was just written stays: its blob may be published next', async () => {
  const store = await createStoreFolder();
  const paths = [layer('quay.io/org/image', GONE), tag('quay.io/org/image', 'latest')];
  for (const path of paths) await store.writeFile(path, GONE, 9 * MINUTE_MS);

  expect(await sweepLinks(store.layout, options())).toEqual({ layers: 0, revisions: 0, tags: 0 });

  expect(await Promise.all(paths.map((path) => store.has(path)))).toEqual([true, true]);
});

test('a repository that becomes empty goes with its folders, and its neighbours stay', async () => {
  const store = await createStoreFolder();
  const live = await store.writeBlob('live');
  await store.writeFile(layer('quay.io/org/image', GONE), GONE, HOUR_MS);
  await store.writeFile(tag('quay.io/org/image/debug', 'latest'), GONE, HOUR_MS);
  await store.writeFile(layer('docker.io/library/alpine', live), live, HOUR_MS);

  await sweepLinks(store.layout, options());

  expect(await store.has(`${REPOSITORIES}/quay.io`)).toBe(false);
  expect(await store.has(layer('docker.io/library/alpine', live))).toBe(true);
});

test('a repository inside an empty one keeps it', async () => {
  const store = await createStoreFolder();
  const live = await store.writeBlob('live');
  await store.writeFile(layer('quay.io/org', GONE), GONE, HOUR_MS);
  await store.writeFile(layer('quay.io/org/image', live), live, HOUR_MS);

  await sweepLinks(store.layout, options());

  expect(await store.has(`${REPOSITORIES}/quay.io/org/_layers`)).toBe(false);
  expect(await store.has(layer('quay.io/org/image', live))).toBe(true);
});

test('the links of a plain registry, without an upstream, are swept the same', async () => {
  const store = await createStoreFolder();
  const live = await store.writeBlob('live');
  await store.writeFile(revision('org/image', GONE), GONE, HOUR_MS);
  await store.writeFile(revision('org/image', live), live, HOUR_MS);

  expect(await sweepLinks(store.layout, options())).toEqual({ layers: 0, revisions: 1, tags: 0 });

  expect(await store.has(revision('org/image', live))).toBe(true);
});

test('what distribution remembers of a tag goes with the tag', async () => {
  const store = await createStoreFolder();
  const live = await store.writeBlob('live');
  await store.writeFile(tag('org/image', 'latest'), GONE, HOUR_MS);
  await store.writeFile(tagIndex('org/image', 'latest', GONE), GONE, HOUR_MS);
  await store.writeFile(tagIndex('org/image', 'latest', live), live, HOUR_MS);

  expect((await sweepLinks(store.layout, options())).tags).toBe(1);

  expect(await store.has(REPOSITORIES)).toBe(true);
  expect(await store.has(`${REPOSITORIES}/org`)).toBe(false);
});

test('a live tag forgets only the manifests that are gone', async () => {
  const store = await createStoreFolder();
  const live = await store.writeBlob('live');
  await store.writeFile(tag('org/image', 'latest'), live, HOUR_MS);
  await store.writeFile(tagIndex('org/image', 'latest', GONE), GONE, HOUR_MS);
  await store.writeFile(tagIndex('org/image', 'latest', live), live, HOUR_MS);

  expect((await sweepLinks(store.layout, options())).tags).toBe(0);

  expect(await store.has(tagIndex('org/image', 'latest', GONE))).toBe(false);
  expect(await store.has(tagIndex('org/image', 'latest', live))).toBe(true);
  expect(await store.has(tag('org/image', 'latest'))).toBe(true);
});

test('a tag without a current manifest goes', async () => {
  const store = await createStoreFolder();
  const live = await store.writeBlob('live');
  await store.writeFile(tagIndex('org/image', 'latest', live), live, HOUR_MS);

  await sweepLinks(store.layout, options());

  expect(await store.has(`${REPOSITORIES}/org`)).toBe(false);
});

test('a tag whose link holds no digest, as after a power cut, goes', async () => {
  const store = await createStoreFolder();
  await store.writeFile(tag('org/image', 'latest'), '', HOUR_MS);

  expect((await sweepLinks(store.layout, options())).tags).toBe(1);
});

test('files that are not part of the layout are left alone', async () => {
  const store = await createStoreFolder();
  const foreign = [
    `${REPOSITORIES}/README`,
    `${REPOSITORIES}/org/image/notes.txt`,
    `${REPOSITORIES}/org/image/_layers/sha256/notes.txt`,
    `${REPOSITORIES}/org/image/_uploads/1234/data`,
  ];
  for (const path of foreign) await store.writeFile(path, 'keep me', HOUR_MS);
  await store.writeFile(layer('org/image', GONE), GONE, HOUR_MS);

  expect((await sweepLinks(store.layout, options())).layers).toBe(1);

  expect(await Promise.all(foreign.map((path) => store.has(path)))).toEqual([true, true, true, true]);
});

test('a dry run counts dead links and keeps them', async () => {
  const store = await createStoreFolder();
  const paths = [layer('org/image', GONE), revision('org/image', GONE), tag('org/image', 'latest')];
  for (const path of paths) await store.writeFile(path, GONE, HOUR_MS);

  const swept = await sweepLinks(store.layout, { ...options(), dryRun: true });

  expect(swept).toEqual({ layers: 1, revisions: 1, tags: 1 });
  expect(await Promise.all(paths.map((path) => store.has(path)))).toEqual([true, true, true]);
});

test('a store that holds nothing has no links', async () => {
  const store = await createStoreFolder();

  expect(await sweepLinks(store.layout, options())).toEqual({ layers: 0, revisions: 0, tags: 0 });
});

test('a sweep beside workers loses nothing that they write', async () => {
  const store = await createStoreFolder();
  const live = await store.writeBlob('live');
  const worker = createFileStore(store);
  const repositories = Array.from({ length: 200 }, (_, id) => ({
    upstream: 'quay.io' as UpstreamName,
    name: parseRepositoryName(`org-${id % 20}/image-${id}`),
  }));
  const written = new AbortController();
  const sweeping = (async () => {
    while (!written.signal.aborted) await sweepLinks(store.layout, options());
  })();

  for (const repository of repositories) {
    await worker.linkLayer(repository, live);
    await worker.linkRevision(repository, live);
    await worker.putTag(repository, parseTag('latest'), live, Date.now());
  }
  written.abort();
  await sweeping;

  for (const repository of repositories) {
    expect(await worker.hasLayerLink(repository, live)).toBe(true);
    expect(await worker.hasRevisionLink(repository, live)).toBe(true);
    expect(await worker.findTag(repository, parseTag('latest'))).toMatchObject({ digest: live });
  }
});

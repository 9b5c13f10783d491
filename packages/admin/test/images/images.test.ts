import { rm, stat, writeFile } from 'node:fs/promises';
import type { ImageList, Inspection, WorkerDetail } from '@registry-cache/control';
import { digestOf } from '@registry-cache/oci';
import { expect, test } from 'vitest';
import { createStoreFolder, HOUR_MS, type StoreFolder } from '../../../store/test/support/store-folder.ts';
import { storedImages, type StoredImages } from '../../../store/test/support/stored-images.ts';
import { scriptedProcess } from '../support/scripted-supervisor.ts';
import { startTestAdmin, type TestAdmin } from '../support/start-test-admin.ts';

const APP = 'quay.io/org/app';

interface Scene {
  readonly admin: TestAdmin;
  readonly store: StoreFolder;
  readonly images: StoredImages;
}

async function createScene(): Promise<Scene> {
  const store = await createStoreFolder();
  const admin = await startTestAdmin({ rootDirectory: store.rootDirectory });
  return { admin, store, images: storedImages(store) };
}

async function inspect(admin: TestAdmin, name: string): Promise<Inspection> {
  const path = `/api/v1/image?name=${encodeURIComponent(name)}`;
  return (await admin.control('GET', path)).json() as Inspection;
}

async function list(admin: TestAdmin, prefix = ''): Promise<string[]> {
  const path = `/api/v1/images?prefix=${encodeURIComponent(prefix)}`;
  const { images } = (await admin.control('GET', path)).json() as ImageList;
  return images.map(({ repository, tag, isPinned }) => `${repository}:${tag}${isPinned ? ' pinned' : ''}`);
}

test('an image that is all there and was just confirmed is a hit', async () => {
  const { admin, images } = await createScene();
  const { digest } = await images.writeImage(APP, { platform: 'linux/amd64', layers: ['one'] });
  await images.tag(APP, '1.0', digest);
  expect(await inspect(admin, `${APP}:1.0`)).toMatchObject({
    name: `${APP}:1.0`,
    image: { digest, state: 'complete' },
    nextPull: 'hit',
    reasons: [],
  });
});

test('a tag that was never pulled is a miss', async () => {
  const { admin } = await createScene();
  const { nextPull, reasons, image } = await inspect(admin, APP);
  expect({ nextPull, image }).toEqual({ nextPull: 'miss', image: undefined });
  expect(reasons).toEqual(['the tag latest of quay.io/org/app was never pulled, or was removed']);
});

test('a tag that was confirmed too long ago is revalidated', async () => {
  const { admin, images } = await createScene();
  const { digest } = await images.writeImage(APP, { layers: ['one'] });
  await images.tag(APP, '1.0', digest, 3 * HOUR_MS);
  const { nextPull, reasons } = await inspect(admin, `${APP}:1.0`);
  expect(nextPull).toBe('revalidated');
  expect(reasons).toEqual([
    'quay.io confirmed the tag 3 hours ago and is asked again, since its tagttl allows 60 seconds',
  ]);
});

test('a manifest that was evicted is a miss', async () => {
  const { admin, images, store } = await createScene();
  const { digest } = await images.writeImage(APP, { layers: ['one'] });
  await images.tag(APP, '1.0', digest);
  await rm(store.blobPath(digest));
  const { nextPull, reasons } = await inspect(admin, `${APP}:1.0`);
  expect(nextPull).toBe('miss');
  expect(reasons).toEqual([`its manifest ${digest.slice(0, 19)} was evicted, or never arrived`]);
});

test('blobs that are missing are counted and named', async () => {
  const { admin, images, store } = await createScene();
  const image = await images.writeImage(APP, { layers: ['one', 'two', 'three'] });
  await images.tag(APP, '1.0', image.digest);
  for (const layer of image.layers.slice(1)) await rm(store.blobPath(layer));
  const { nextPull, reasons } = await inspect(admin, `${APP}:1.0`);
  expect(nextPull).toBe('miss');
  const names = image.layers.slice(1).map((layer) => layer.slice(0, 19));
  expect(reasons).toEqual([`2 of 4 blobs are not stored: ${names.join(', ')}`]);
});

test('platforms that nobody has pulled are told, and are no fault of the image', async () => {
  const { admin, images } = await createScene();
  const amd64 = await images.writeImage(APP, { platform: 'linux/amd64', layers: ['one'] });
  const absent = { digest: digestOf(Buffer.from('absent')), sizeBytes: 9 };
  const index = await images.writeIndex(APP, [
    { image: amd64, platform: 'linux/amd64' },
    { image: absent, platform: 'linux/arm64' },
  ]);
  await images.tag(APP, '1.0', index.digest);
  const { nextPull, reasons } = await inspect(admin, `${APP}:1.0`);
  expect(nextPull).toBe('hit');
  expect(reasons).toEqual(['not stored, and a miss for who wants one: linux/arm64']);
});

test('an index of which no image is stored is a miss', async () => {
  const { admin, images } = await createScene();
  const absent = { digest: digestOf(Buffer.from('absent')), sizeBytes: 9 };
  const index = await images.writeIndex(APP, [{ image: absent, platform: 'linux/amd64' }]);
  await images.tag(APP, '1.0', index.digest);
  const { nextPull, reasons } = await inspect(admin, `${APP}:1.0`);
  expect(nextPull).toBe('miss');
  expect(reasons).toContain('its index is stored, and no image that it names');
});

test('a tag whose manifest is of another repository until now is a miss', async () => {
  const { admin, images, store } = await createScene();
  const { digest } = await images.writeImage(APP, { layers: ['one'] });
  await images.tag(APP, '1.0', digest);
  await rm(`${store.layout.repositories}/${APP}/_manifests/revisions/${digest.replace(':', '/')}/link`);
  const { nextPull, reasons } = await inspect(admin, `${APP}:1.0`);
  expect(nextPull).toBe('miss');
  expect(reasons).toEqual(['its manifest is fetched again: quay.io has not said that org/app holds it']);
});

test('of an image that an index names, a link that holds nothing counts as none', async () => {
  const { admin, images, store } = await createScene();
  const amd64 = await images.writeImage(APP, { layers: ['one'] });
  const index = await images.writeIndex(APP, [{ image: amd64, platform: 'linux/amd64' }]);
  await images.tag(APP, '1.0', index.digest);
  const revisions = `${store.layout.repositories}/${APP}/_manifests/revisions`;
  await writeFile(`${revisions}/${amd64.digest.replace(':', '/')}/link`, '');
  const { nextPull, reasons } = await inspect(admin, `${APP}:1.0`);
  expect(nextPull).toBe('revalidated');
  expect(reasons).toEqual([`quay.io is asked first whether org/app holds ${amd64.digest.slice(0, 19)}`]);
});

test('a tag that was confirmed before the clock was set back is revalidated', async () => {
  const { admin, images } = await createScene();
  const { digest } = await images.writeImage(APP, { layers: ['one'] });
  await images.tag(APP, '1.0', digest, -3 * HOUR_MS);
  expect((await inspect(admin, `${APP}:1.0`)).nextPull).toBe('revalidated');
});

test('a blob of another repository needs the word of the upstream', async () => {
  const { admin, images, store } = await createScene();
  const image = await images.writeImage(APP, { layers: ['one'] });
  await images.tag(APP, '1.0', image.digest);
  const hex = image.layers[0]?.slice(7);
  const link = `${store.layout.repositories}/${APP}/_layers/sha256/${hex}/link`;
  await stat(link);
  await rm(link);
  const { nextPull, reasons } = await inspect(admin, `${APP}:1.0`);
  expect(nextPull).toBe('revalidated');
  expect(reasons).toEqual([expect.stringContaining('quay.io is asked first whether org/app holds')]);
});

test('a fill that runs and an upstream that is down are told', async () => {
  const { admin, images, store } = await createScene();
  const image = await images.writeImage(APP, { layers: ['one'] });
  await images.tag(APP, '1.0', image.digest);
  const layer = image.layers[0] ?? image.config;
  await rm(store.blobPath(layer));
  const detail: WorkerDetail = {
    fills: [
      { repository: 'org/app', digest: layer, receivedBytes: 45, sizeBytes: 100, startedAtMs: 1, readers: 1 },
    ],
    outage: { state: 'down', problem: 'connection refused', askedAgainAtMs: Date.now() + HOUR_MS },
  };
  admin.supervisor.processes.push(
    scriptedProcess({ id: 'worker quay.io', name: 'worker', upstream: 'quay.io', observation: { detail } }),
  );
  await expect.poll(async () => (await inspect(admin, `${APP}:1.0`)).fills).toHaveLength(1);
  const { nextPull, reasons } = await inspect(admin, `${APP}:1.0`);
  expect(nextPull).toBe('miss');
  expect(reasons).toEqual([
    expect.stringContaining('1 of 2 blobs are not stored'),
    `${layer.slice(0, 19)} is being fetched now, 45 % of it is there: a pull joins that`,
    expect.stringMatching(
      /^quay\.io does not answer \(connection refused\); it is asked again in 60 minutes;/,
    ),
  ]);
});

test('an upstream that this cache does not have is said', async () => {
  const { admin } = await createScene();
  expect(await inspect(admin, 'ghcr.io/org/app:1')).toMatchObject({
    nextPull: 'miss',
    reasons: ['ghcr.io is no upstream of this cache: clients are refused'],
  });
});

test('images are listed by folder, and by the beginning of a tag', async () => {
  const { admin, images } = await createScene();
  for (const [repository, tag] of [
    ['quay.io/org/app', '1.0'],
    ['quay.io/org/app', '2.0'],
    ['quay.io/org/app/plugin', '1.0'],
    ['quay.io/organic', '1.0'],
  ] as const) {
    await images.tag(repository, tag, (await images.writeImage(repository, { layers: [repository] })).digest);
  }
  expect(await list(admin)).toHaveLength(4);
  expect(await list(admin, 'quay.io/org')).toEqual(['org/app:1.0', 'org/app:2.0', 'org/app/plugin:1.0']);
  expect(await list(admin, 'quay.io/org/app:1')).toEqual(['org/app:1.0']);
  expect(await list(admin, '/quay.io/organic/')).toEqual(['organic:1.0']);
  expect(await list(admin, 'ghcr.io')).toEqual([]);
});

test('pins of configuration and command hold together', async () => {
  const { admin, images } = await createScene();
  await images.tag(APP, '1.0', (await images.writeImage(APP, { layers: ['one'] })).digest);
  await admin.reload({ cleaner: { ...admin.settings.cleaner, pins: ['docker.io/**'] } });
  expect((await admin.control('POST', '/api/v1/pins', { pattern: 'quay.io/org/**' })).status).toBe(201);
  expect((await admin.control('POST', '/api/v1/pins', { pattern: 'quay.io/org/**' })).status).toBe(200);
  expect((await admin.control('GET', '/api/v1/pins')).json()).toEqual({
    pins: [
      { pattern: 'docker.io/**', from: 'configuration' },
      { pattern: 'quay.io/org/**', from: 'command' },
    ],
  });
  expect(await list(admin)).toEqual(['org/app:1.0 pinned']);
  expect(await inspect(admin, `${APP}:1.0`)).toMatchObject({ isPinned: true, pins: ['quay.io/org/**'] });
  expect((await admin.control('DELETE', '/api/v1/pins', { pattern: 'docker.io/**' })).status).toBe(409);
  expect((await admin.control('DELETE', '/api/v1/pins', { pattern: 'quay.io/org/**' })).status).toBe(200);
  expect((await admin.control('DELETE', '/api/v1/pins', { pattern: 'quay.io/org/**' })).status).toBe(404);
  expect(await list(admin)).toEqual(['org/app:1.0']);
});

test('a pin of the command that the configuration has too cannot be taken back by command alone', async () => {
  const { admin } = await createScene();
  await admin.control('POST', '/api/v1/pins', { pattern: 'quay.io/**' });
  await admin.reload({ cleaner: { ...admin.settings.cleaner, pins: ['quay.io/**'] } });
  expect((await admin.control('DELETE', '/api/v1/pins', { pattern: 'quay.io/**' })).status).toBe(409);
});

test.each([
  ['POST', '/api/v1/pins', { pattern: '' }, 'is no glob of repositories'],
  ['GET', '/api/v1/image?name=', undefined, 'it names no upstream'],
  ['POST', '/api/v1/warm', { images: [''], concurrency: 1 }, 'it names no upstream'],
])('%s %s without a name is refused in words', async (method, path, body, problem) => {
  const { admin } = await createScene();
  const { status, text } = await admin.control(method, path, body);
  expect({ status, text }).toEqual({ status: 400, text: expect.stringContaining(problem) });
});

test('a file of pins that was spoilt by hand is told to whoever needs it', async () => {
  const { admin, store } = await createScene();
  await admin.control('POST', '/api/v1/pins', { pattern: 'quay.io/**' });
  await writeFile(store.layout.pins, '{"pins": [1');
  for (const [method, path] of [
    ['GET', '/api/v1/pins'],
    ['GET', '/api/v1/images'],
    ['DELETE', `/api/v1/image?name=${APP}:1.0`],
  ] as const) {
    const { status, text } = await admin.control(method, path);
    expect({ status, text }).toEqual({
      status: 409,
      text: expect.stringContaining('correct it, or remove it'),
    });
  }
});

test('images of docker.io are listed by their short names', async () => {
  const { admin, images } = await createScene();
  for (const repository of ['docker.io/library/alpine', 'docker.io/org/app']) {
    await images.tag(repository, '3.20', (await images.writeImage(repository, { layers: ['one'] })).digest);
  }
  expect(await list(admin, 'docker.io/alpine')).toEqual(['library/alpine:3.20']);
  expect(await list(admin, 'docker.io/alpine:3.')).toEqual(['library/alpine:3.20']);
  expect(await list(admin, 'docker.io/org')).toEqual(['org/app:3.20']);
});

test('what is removed is gone from disk and list, and all processes forget it', async () => {
  const { admin, images, store } = await createScene();
  const { digest } = await images.writeImage(APP, { layers: ['one'] });
  await images.tag(APP, '1.0', digest);
  expect(await list(admin)).toEqual(['org/app:1.0']);
  const answer = await admin.control('DELETE', `/api/v1/image?name=${APP}:1.0`);
  expect(answer.json()).toMatchObject({ tags: 1, manifests: 1 });
  expect(await store.hasBlob(digest)).toBe(false);
  expect(await list(admin)).toEqual([]);
  expect(admin.supervisor.questions.map(({ kind }) => kind)).toContain('forget');
});

test('what is pinned is not removed until it is unpinned', async () => {
  const { admin, images, store } = await createScene();
  const { digest } = await images.writeImage(APP, { layers: ['one'] });
  await images.tag(APP, '1.0', digest);
  await admin.control('POST', '/api/v1/pins', { pattern: `${APP}:1.*` });
  for (const name of [`${APP}:1.0`, `${APP}@${digest}`]) {
    const refused = await admin.control('DELETE', `/api/v1/image?name=${name}`);
    expect(refused.status).toBe(409);
    expect(refused.json()).toEqual({ problem: `${name} is pinned by ${APP}:1.*: unpin that first` });
  }
  expect(await store.hasBlob(digest)).toBe(true);
  await admin.control('DELETE', '/api/v1/pins', { pattern: `${APP}:1.*` });
  expect((await admin.control('DELETE', `/api/v1/image?name=${APP}:1.0`)).status).toBe(200);
});

test('what the configuration pins is not removed, and where that is written is told', async () => {
  const { admin, images } = await createScene();
  await images.tag(APP, '1.0', (await images.writeImage(APP, { layers: ['one'] })).digest);
  await admin.reload({ cleaner: { ...admin.settings.cleaner, pins: ['quay.io/**'] } });
  const refused = await admin.control('DELETE', `/api/v1/image?name=${APP}:1.0`);
  expect(refused.status).toBe(409);
  expect(refused.text).toContain(
    'is pinned by quay.io/**: remove that from cleaner.pins in config.yml first',
  );
});

test('a pass of the cleaner answers with its report', async () => {
  const { admin } = await createScene();
  admin.supervisor.cleanReport = { dryRun: true, usedBytesBefore: 5 };
  const answer = await admin.control('POST', '/api/v1/clean', { dryRun: true });
  expect(answer.json()).toEqual({ dryRun: true, usedBytesBefore: 5 });
  expect(admin.supervisor.questions).toContainEqual({ kind: 'clean', dryRun: true });
});

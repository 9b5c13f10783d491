import { randomBytes } from 'node:crypto';
import { truncate, writeFile } from 'node:fs/promises';
import { parseRepositoryName, type Digest } from '@registry-cache/oci';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bytesOf, createWorkerFixture, UPSTREAM_NAME, type WorkerFixture } from './support/worker-fixture.ts';

const NAME = parseRepositoryName('org/image');
const REPOSITORY = { upstream: UPSTREAM_NAME, name: NAME };
const BYTES = randomBytes(100_000);

let worker: WorkerFixture;
beforeEach(async () => {
  worker = await createWorkerFixture();
});
afterEach(() => worker.close());

const blobPath = (digest: Digest): string => `/v2/${NAME}/blobs/${digest}`;
const dataPath = (digest: Digest): string =>
  `${worker.root}/docker/registry/v2${worker.store.accelPath(digest)}`;

/** An image of one layer, in the store. */
async function pulled(sizeInManifest: number): Promise<Digest> {
  const digest = worker.upstream.putBlob(NAME, BYTES);
  const layers = [{ digest, size: sizeInManifest }];
  worker.upstream.putManifest(NAME, { schemaVersion: 2, config: {}, layers }, 'v1');
  await worker.ask('GET', `/v2/${NAME}/manifests/v1`);
  await bytesOf(await worker.ask('GET', blobPath(digest)));
  await expect.poll(() => worker.store.hasLayerLink(REPOSITORY, digest)).toBe(true);
  return digest;
}

test.each([
  ['shorter', 50_000],
  ['empty', 0],
])('a blob whose file became %s is fetched again', async (_case, sizeBytes) => {
  const digest = await pulled(BYTES.byteLength);
  await truncate(dataPath(digest), sizeBytes);
  const again = await worker.ask('GET', blobPath(digest));
  expect(again).toMatchObject({ outcome: 'miss' });
  expect((await bytesOf(again)).equals(BYTES)).toBe(true);
});

test('a manifest that is wrong about the size of its blob does not harm it', async () => {
  const digest = await pulled(7);
  expect(await worker.ask('GET', blobPath(digest))).toMatchObject({ kind: 'stored-blob', outcome: 'hit' });
  expect(worker.upstream.calls.filter((call) => call.startsWith('GET blob'))).toHaveLength(1);
});

test('a blob that the proxy could not read is verified, and a miss when it is damaged', async () => {
  const digest = await pulled(BYTES.byteLength);
  await worker.ask('HEAD', blobPath(digest), { suspect: true });
  expect(await worker.ask('GET', blobPath(digest))).toMatchObject({ outcome: 'hit' });

  worker = await closeAndReopen(worker);
  const flipped = await pulled(BYTES.byteLength);
  await writeFile(dataPath(flipped), randomBytes(BYTES.byteLength));
  await worker.ask('HEAD', blobPath(flipped), { suspect: true });
  expect(await worker.ask('GET', blobPath(flipped))).toMatchObject({ outcome: 'miss' });
});

async function closeAndReopen(before: WorkerFixture): Promise<WorkerFixture> {
  await before.close();
  return createWorkerFixture();
}

test('a manifest whose file was changed is fetched again', async () => {
  const digest = worker.upstream.putManifest(NAME, { schemaVersion: 2, config: {}, layers: [] });
  await worker.store.putBlob(
    UPSTREAM_NAME,
    digest,
    Buffer.from('{"schemaVersion":2,"config":{},"layers":[]}'),
  );
  await worker.store.linkRevision(REPOSITORY, digest);
  await writeFile(dataPath(digest), '{"schemaVersion":2,"config":{},"layers":{}}');
  const answer = await worker.ask('GET', `/v2/${NAME}/manifests/${digest}`);
  expect(answer).toMatchObject({ outcome: 'miss' });
});

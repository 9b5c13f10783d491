import { randomBytes } from 'node:crypto';
import { mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { listStoredBlobs, type BlobFile } from '../support/cache/stored-blobs.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { blobPath, getBlob } from '../support/client/pull-image.ts';
import { receive } from '../support/client/registry-client.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { addColdImage, type ColdImage } from '../support/image/cold-image.ts';

const MIB = 1024 * 1024;
const { upstream, cache, client } = await startCachedUpstream(closeAfterAll());

test('a blob that is truncated under a reader ends short, is fetched again, and the next reader gets all of it', async () => {
  const { image, file } = await cachedImage('truncated-under-a-reader');
  const path = blobPath(image.name, image.layerDigest);
  const response = await cache.client().open('GET', path);
  await truncate(file.path, MIB);
  const received = await receive(path, response);
  expect([received.status, received.complete]).toEqual([200, false]);
  // What came is the blob's own beginning: a client goes on from there.
  const begin = Buffer.concat([...image.layer.read(0, Math.min(received.sizeBytes, MIB))]);
  expect(Buffer.from(received.bytes).subarray(0, begin.length).equals(begin)).toBe(true);

  await eventually('the next reader gets all of it', async () => {
    const again = await client.get(path);
    return again.complete && again.digest === image.layerDigest;
  });
  const damage = cache.log.lines.filter(({ msg }) => msg.startsWith('stored blob is damaged: its worker'));
  expect(damage).toHaveLength(1);
});

test('a file that cannot be opened costs nobody a pull', async () => {
  const { image, file } = await cachedImage('cannot-be-opened');
  await rm(file.path);
  const elsewhere = join(cache.folder.root, 'elsewhere');
  await mkdir(elsewhere, { recursive: true });
  await writeFile(join(elsewhere, 'data'), randomBytes(file.sizeBytes));
  await symlink(join(elsewhere, 'data'), file.path);
  const received = await client.get(blobPath(image.name, image.layerDigest));
  expect(received.status !== 200 || !received.complete || received.digest === image.layerDigest).toBe(true);
});

test('a file that is gone is fetched again within the pull', async () => {
  const { image, file } = await cachedImage('gone');
  await rm(dirname(file.path), { recursive: true });
  await expect(getBlob(client, image.name, image.layerDigest)).resolves.toBeDefined();
});

async function cachedImage(seed: string): Promise<{ image: ColdImage; file: BlobFile }> {
  const image = addColdImage(upstream, seed, { layers: [24 * MIB] });
  await cacheImage(client, image.name, 'v1');
  const files = await listStoredBlobs(cache.folder.data);
  const file = files.find(({ digest }) => digest === image.layerDigest);
  if (file === undefined) throw new Error(`the layer of ${image.name} is not stored`);
  return { image, file };
}

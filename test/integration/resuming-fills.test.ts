import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { blobPath, getBlob } from '../support/client/pull-image.ts';
import { receive } from '../support/client/registry-client.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { createGate } from '../support/gate.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { fail, resetAfter, stallAfter } from '../support/upstream/behaviours.ts';

const SIZE_BYTES = 6_000_000;
const { upstream, cache, client } = await startCachedUpstream(closeAfterAll());

const rangesAsked = (digest: string): unknown[] =>
  upstream.blobRequests(digest).map(({ headers }) => headers['range']);

async function unfinishedBytes(): Promise<number> {
  const folder = join(cache.folder.data, 'registry-cache/fills/quay.io');
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size);
  return Math.max(0, ...(await Promise.all(sizes)));
}

test('an upstream that breaks off twice is asked for the rest, and its clients notice nothing', async () => {
  const image = addColdImage(upstream, 'broken-twice', { layers: [SIZE_BYTES] });
  upstream.misbehave({ method: 'GET', path: new RegExp(image.layerDigest), times: 2 }, resetAfter(2_000_000));
  const clients = [client, cache.client(), cache.client()];
  const blobs = await Promise.all(clients.map((each) => getBlob(each, image.name, image.layerDigest)));
  for (const blob of blobs) expect(blob.sizeBytes).toBe(SIZE_BYTES);
  // A reset may take bytes with it that were on their way.
  const [first, ...others] = rangesAsked(image.layerDigest);
  expect(first).toBeUndefined();
  expect(others).toEqual([
    expect.stringMatching(/^bytes=1\d{6}-$|^bytes=2000000-$/),
    expect.stringMatching(/^bytes=\d{7}-$/),
  ]);
});

test('failures between the attempts are waited out', async () => {
  const image = addColdImage(upstream, 'failing-between', { layers: [SIZE_BYTES] });
  const path = new RegExp(image.layerDigest);
  upstream.misbehave({ method: 'GET', path, times: 1 }, resetAfter(2_000_000));
  const reading = client.open('GET', blobPath(image.name, image.layerDigest));
  const response = await reading;
  upstream.misbehave({ method: 'GET', path, times: 1 }, fail(503));
  expect(await receive('layer', response)).toMatchObject({ complete: true, digest: image.layerDigest });
});

test('a worker that is killed while it fills goes on from what is on disk', async () => {
  const image = addColdImage(upstream, 'killed', { layers: [SIZE_BYTES] });
  const gate = createGate();
  const path = new RegExp(image.layerDigest);
  const behaveAgain = upstream.misbehave({ method: 'GET', path }, stallAfter(4_000_000, gate.opened));
  const broken = receive('layer', await client.open('GET', blobPath(image.name, image.layerDigest)));
  await eventually('the upstream has sent them', () =>
    upstream.blobRequests(image.layerDigest).some(({ bytesSent }) => bytesSent === 4_000_000),
  );
  await eventually('they are on disk', async () => (await unfinishedBytes()) >= 3_900_000);
  await cache.kill('worker');
  await broken;
  behaveAgain();
  gate.open();
  await expect(getBlob(client, image.name, image.layerDigest)).resolves.toMatchObject({
    sizeBytes: SIZE_BYTES,
  });
  expect(rangesAsked(image.layerDigest).at(-1)).toMatch(/^bytes=[34]\d{6}-$/);
});

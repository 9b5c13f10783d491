import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { blobPath, getBlob, pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import {
  chunked,
  contentLength,
  endAfter,
  endless,
  gzipped,
  withoutDigestHeader,
  wrongBytes,
  type Behaviour,
} from '../support/upstream/behaviours.ts';

const SIZE_BYTES = 3_000_000;
const { upstream, cache, client } = await startCachedUpstream(closeAfterAll());

test.each<[string, Behaviour[]]>([
  ['wrong bytes', [wrongBytes()]],
  ['wrong bytes without a length', [wrongBytes(), chunked()]],
  ['a body that ends early without a length', [endAfter(1_500_000)]],
  ['a length that is too long', [contentLength(SIZE_BYTES + 5)]],
  ['a length that is too short', [contentLength(SIZE_BYTES - 5)]],
])('%s: no client gets a complete blob, and the next pull is right', async (what, behaviours) => {
  const image = addColdImage(upstream, what.replaceAll(' ', '-'), { layers: [SIZE_BYTES] });
  const path = blobPath(image.name, image.layerDigest);
  const behaveAgain = upstream.misbehave(
    { method: 'GET', path: new RegExp(image.layerDigest) },
    ...behaviours,
  );
  const others = [cache.client(), cache.client()];
  const received = await Promise.all([client, ...others].map((each) => each.get(path)));
  expect(received.filter(({ status, complete }) => status === 200 && complete)).toEqual([]);
  for (const { status, bytes, sizeBytes } of received.filter((each) => each.status === 200)) {
    expect(sizeBytes).toBeLessThan(SIZE_BYTES);
    expect(Buffer.from(bytes).includes('"errors"'), `an error after the bytes of a ${status}`).toBe(false);
  }

  behaveAgain();
  upstream.forgetRequests();
  await expect(getBlob(client, image.name, image.layerDigest)).resolves.toMatchObject({
    sizeBytes: SIZE_BYTES,
  });
  expect(upstream.blobRequests(image.layerDigest).filter(({ method }) => method === 'GET')).toHaveLength(1);
});

test.each<[string, Behaviour]>([
  ['without a length', chunked()],
  ['without Docker-Content-Digest', withoutDigestHeader()],
])('an image can be pulled whose upstream answers %s', async (what, behaviour) => {
  const image = addColdImage(upstream, `pulled-${what.toLowerCase().replaceAll(' ', '-')}`);
  upstream.misbehave({ path: new RegExp(image.repository) }, behaviour);
  await expect(pullImage(client, image.name, 'v1')).resolves.toBeDefined();
});

test('a blob that the upstream compresses unasked is never passed on as it is', async () => {
  const image = addColdImage(upstream, 'compressed', { layers: [50_000] });
  upstream.misbehave({ method: 'GET', path: new RegExp(image.layerDigest) }, gzipped());
  const { status, complete, digest } = await client.get(blobPath(image.name, image.layerDigest));
  expect(status !== 200 || !complete || digest === image.layerDigest).toBe(true);
});

test('a tag whose manifest is not what its digest header says is not stored', async () => {
  const image = addColdImage(upstream, 'mislabelled');
  const behaveAgain = upstream.misbehave({ path: /cold\/mislabelled\/manifests/ }, wrongBytes());
  expect((await client.get(`/v2/${image.name}/manifests/v1`)).status).toBeGreaterThanOrEqual(500);
  behaveAgain();
  expect((await client.get(`/v2/${image.name}/manifests/v1`)).digest).toBe(image.root.digest);
});

test.each(['manifests/v1', 'tags/list'])('%s without end is given up', async (endpoint) => {
  const image = addColdImage(upstream, `endless-${endpoint.replace('/', '-')}`);
  upstream.misbehave({ method: 'GET', path: new RegExp(`${image.repository}/${endpoint}`) }, endless());
  expect((await client.get(`/v2/${image.name}/${endpoint}`)).status).toBeGreaterThanOrEqual(500);
  const [request] = upstream.requestsTo({
    method: 'GET',
    path: new RegExp(`${image.repository}/${endpoint}`),
  });
  await eventually('the connection is closed', () => request?.outcome === 'aborted');
});

test('nothing of all this is in the store', async () => {
  const { exitCode, stdout, stderr } = await cache.run(['check', '--store']);
  expect(exitCode, stdout + stderr).toBe(0);
});

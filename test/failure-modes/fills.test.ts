import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { blobPath, getBlob, pullImage } from '../support/client/pull-image.ts';
import { receive } from '../support/client/registry-client.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { createGate } from '../support/gate.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { answerAfter, fail, resetAfter, stallAfter } from '../support/upstream/behaviours.ts';

const MIB = 1024 * 1024;
/** How long nginx holds requests back before each fetches for itself. */
const LOCK_TIMEOUT_MS = 5_000;

const { upstream, cache, client } = await startCachedUpstream(closeAfterAll());

test('3: the first pull of a large image has its first bytes before the upstream has sent the last', async () => {
  const image = addColdImage(upstream, 'large', { layers: [16 * MIB] });
  const gate = createGate();
  upstream.misbehave({ path: new RegExp(image.layerDigest) }, stallAfter(MIB, gate.opened));
  const response = await client.open('GET', blobPath(image.name, image.layerDigest));
  const first = response.read() ?? (await new Promise((resolve) => response.once('data', resolve)));
  response.pause();
  expect((first as Uint8Array).length).toBeGreaterThan(0);
  expect(upstream.blobRequests(image.layerDigest)).toMatchObject([{ outcome: 'open', bytesSent: MIB }]);
  gate.open();
  expect(await receive('layer', response)).toMatchObject({ complete: true });
});

test('4: a herd on a cold image costs one upstream request for each manifest and blob', async () => {
  const image = addColdImage(upstream, 'herd', { layers: [2 * MIB, 100_000, 10] });
  const gate = createGate();
  upstream.misbehave({ path: new RegExp(image.repository) }, answerAfter(gate.opened));
  const herd = Array.from({ length: 30 }, () => pullImage(cache.client(), image.name, 'v1'));
  await eventually('the upstream is asked', () => upstream.manifestRequests().length > 0);
  gate.open();
  await Promise.all(herd);
  const asked = upstream
    .requestsTo({ path: new RegExp(image.repository) })
    .map(({ method, path }) => `${method} ${path}`);
  expect(asked).toHaveLength(new Set(asked).size);
  expect(asked).toHaveLength(1 + image.blobs.length);
});

test('5: a client that leaves stops the fill for nobody, and no byte is fetched twice', async () => {
  const image = addColdImage(upstream, 'cancelled', { layers: [4 * MIB] });
  const gate = createGate();
  const stopStalling = upstream.misbehave(
    { path: new RegExp(image.layerDigest) },
    stallAfter(3 * MIB, gate.opened),
  );
  const path = blobPath(image.name, image.layerDigest);
  const leaving = await client.open('GET', path);
  const staying = await cache.client().open('GET', path);
  await eventually(
    'most of the blob was sent',
    () => upstream.blobRequests(image.layerDigest)[0]?.bytesSent === 3 * MIB,
  );
  leaving.on('error', () => {}).destroy();
  stopStalling();
  gate.open();
  expect(await receive(path, staying)).toMatchObject({ complete: true, digest: image.layerDigest });
  const sent = upstream.blobRequests(image.layerDigest).reduce((sum, { bytesSent }) => sum + bytesSent, 0);
  expect(sent).toBe(4 * MIB);
});

test('5: a fill that broke goes on from the byte it reached', async () => {
  const image = addColdImage(upstream, 'broken-off', { layers: [4 * MIB] });
  upstream.misbehave({ path: new RegExp(image.layerDigest), times: 1 }, resetAfter(3 * MIB));
  expect(await getBlob(client, image.name, image.layerDigest)).toMatchObject({ outcome: 'miss' });
  const [first, ...others] = upstream.blobRequests(image.layerDigest);
  expect(first?.outcome).toBe('aborted');
  expect(others.map(({ status }) => status)).toEqual([206]);
  expect(others[0]?.headers['range']).toMatch(/^bytes=[1-9]\d*-/);
});

test('6: an upstream that dies half way makes a body short, and adds nothing to it', async () => {
  const image = addColdImage(upstream, 'half-way', { layers: [2 * MIB] });
  const match = { method: 'GET', path: new RegExp(image.layerDigest) };
  // Nothing is left to go on with: the rest of the blob is an error, too.
  upstream.misbehave(match, (answer, request) => {
    const isFirst = upstream.requestsTo(match).length === 1;
    return (isFirst ? resetAfter(MIB / 2) : fail(404))(answer, request);
  });
  const { status, complete, bytes } = await client.get(blobPath(image.name, image.layerDigest));
  expect({ status, complete }).toEqual({ status: 200, complete: false });
  expect(bytes.length).toBeLessThan(image.layer.sizeBytes);
  expect(Buffer.concat([...image.layer.read(0, bytes.length)]).equals(bytes)).toBe(true);
});

test('17: clients wait for a fill longer than the five seconds of a lock, and none of them fetches for itself', async () => {
  const image = addColdImage(upstream, 'patience', { layers: [MIB] });
  const gate = createGate();
  upstream.misbehave({ path: new RegExp(image.layerDigest) }, answerAfter(gate.opened));
  const herd = Array.from({ length: 5 }, () => getBlob(cache.client(), image.name, image.layerDigest));
  await eventually('the upstream is asked', () => upstream.blobRequests(image.layerDigest).length > 0);
  await sleep(LOCK_TIMEOUT_MS + 500);
  gate.open();
  const outcomes = (await Promise.all(herd)).map(({ outcome }) => outcome);
  expect(outcomes.filter((outcome) => outcome === 'miss')).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === 'collapsed')).toHaveLength(4);
  expect(upstream.blobRequests(image.layerDigest)).toHaveLength(1);
});

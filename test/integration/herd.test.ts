import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { blobPath, getManifest } from '../support/client/pull-image.ts';
import { receive } from '../support/client/registry-client.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { createGate } from '../support/gate.ts';
import { addColdImage, type ColdImage } from '../support/image/cold-image.ts';
import { answerAfter, stallAfter } from '../support/upstream/behaviours.ts';

const MIB = 1024 * 1024;
const { upstream, cache } = await startCachedUpstream(closeAfterAll());

/** A cold blob of which the upstream sends so much and waits. */
function stallingImage(
  seed: string,
  sizeBytes: number,
  stallAtBytes: number,
): { image: ColdImage; release: () => void } {
  const image = addColdImage(upstream, seed, { layers: [sizeBytes] });
  const gate = createGate();
  upstream.misbehave({ path: new RegExp(image.layerDigest) }, stallAfter(stallAtBytes, gate.opened));
  return { image, release: () => gate.open() };
}

/** Asks for the layer on a connection of its own. */
async function openLayer(image: ColdImage): Promise<IncomingMessage> {
  return cache.client().open('GET', blobPath(image.name, image.layerDigest));
}

test('ten clients on one cold blob cost one transfer, and all get the right bytes', async () => {
  const { image, release } = stallingImage('ten', 64 * MIB, MIB);
  const responses = await Promise.all(Array.from({ length: 10 }, () => openLayer(image)));
  release();
  const received = await Promise.all(responses.map((response) => receive('layer', response)));
  expect(received.map(({ complete, digest }) => ({ complete, digest }))).toEqual(
    Array.from({ length: 10 }, () => ({ complete: true, digest: image.layerDigest })),
  );
  const outcomes = received.map(({ outcome }) => outcome);
  expect(outcomes.filter((outcome) => outcome === 'miss')).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === 'collapsed')).toHaveLength(9);
  expect(upstream.blobRequests(image.layerDigest)).toHaveLength(1);
});

test('the client that started a fill leaves, and the others go on', async () => {
  const { image, release } = stallingImage('starter-leaves', 8 * MIB, MIB);
  const starter = await openLayer(image);
  const other = await openLayer(image);
  starter.on('error', () => {}).destroy();
  release();
  const received = await receive('layer', other);
  expect(received).toMatchObject({ complete: true, digest: image.layerDigest });
  expect(upstream.blobRequests(image.layerDigest)).toMatchObject([{ outcome: 'complete' }]);
});

test('every client leaves a fill that is well under way, and it completes', async () => {
  const { image, release } = stallingImage('all-leave', 8 * MIB, 7 * MIB);
  const responses = await Promise.all([openLayer(image), openLayer(image)]);
  await eventually(
    'most of the blob was sent',
    () => upstream.blobRequests(image.layerDigest)[0]?.bytesSent === 7 * MIB,
  );
  for (const response of responses) response.on('error', () => {}).destroy();
  release();
  await eventually(
    'the fill is complete',
    () => upstream.blobRequests(image.layerDigest)[0]?.outcome === 'complete',
  );
  const received = await receive('layer', await openLayer(image));
  expect(received).toMatchObject({ complete: true, digest: image.layerDigest });
  expect(upstream.blobRequests(image.layerDigest)).toHaveLength(1);
});

test('ten clients on one cold tag cost one manifest', async () => {
  const image = addColdImage(upstream, 'ten-on-a-tag');
  const gate = createGate();
  const match = { method: 'GET', path: new RegExp(`${image.repository}/manifests`) };
  upstream.misbehave(match, answerAfter(gate.opened));
  const manifests = Array.from({ length: 10 }, () => getManifest(cache.client(), image.name, 'v1'));
  await eventually('the upstream is asked', () => upstream.requestsTo(match).length > 0);
  gate.open();
  expect((await Promise.all(manifests)).map(({ digest }) => digest)).toEqual(
    Array(10).fill(image.root.digest),
  );
  expect(upstream.requestsTo(match)).toHaveLength(1);
});

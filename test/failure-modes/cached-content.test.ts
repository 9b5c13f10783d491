import { rm, truncate } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { startCache } from '../support/cache/start-cache.ts';
import { ageStoredBlob, listStoredBlobs, measureStoredBytes } from '../support/cache/stored-blobs.ts';
import { createCertificateAuthority } from '../support/certificates.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { buildImage } from '../support/image/build-image.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { startUpstream } from '../support/upstream/start-upstream.ts';

const MIB = 1024 * 1024;
const HOUR_MS = 60 * 60 * 1000;

const closeLater = closeAfterAll();
const ca = await createCertificateAuthority();
const quay = closeLater(await startUpstream({ tls: await ca.issue() }));
const hub = closeLater(await startUpstream({ tls: await ca.issue() }));
const upstreams = { 'quay.io': { url: quay.origin }, 'docker.io': { url: hub.origin } };
const cache = closeLater(await startCache({ ca, upstreams }));
const client = cache.client();

test('1: eviction keeps to its size, takes no layer that another image uses, and what it took is a miss', async () => {
  const old = addColdImage(quay, 'evicted', { layers: [4 * MIB, 2 * MIB] });
  const recent = buildImage({ seed: 'kept', layers: [MIB], baseLayers: [old.layer] });
  quay.addImage('cold/kept', 'v1', recent);
  await cacheImage(client, old.name, 'v1');
  await cacheImage(client, 'quay.io/cold/kept', 'v1');
  await eventually('both pulls are in the pull log', () =>
    ['cold/evicted', 'cold/kept'].every((name) =>
      cache.log.lines.some(({ msg, image }) => msg === 'pull' && String(image).includes(name)),
    ),
  );
  const inUse = new Set<string>([recent.root.digest, ...recent.blobs.map(({ digest }) => digest)]);
  for (const blob of await listStoredBlobs(cache.folder.data)) {
    await ageStoredBlob(blob, inUse.has(blob.digest) ? HOUR_MS : 2 * HOUR_MS);
  }

  const limits = { CLEANER_MAXSIZE: '6M', CLEANER_THRESHOLD_PERCENTAGE: '0' };
  expect((await cache.run(['clean'], limits)).exitCode).toBe(0);
  expect(await measureStoredBytes(cache.folder.data)).toBeLessThanOrEqual(6 * MIB);

  const kept = await pullImage(client, 'quay.io/cold/kept', 'v1');
  expect(kept.blobs.map(({ outcome }) => outcome)).toEqual(['hit', 'hit', 'hit']);
  const again = await pullImage(client, old.name, 'v1');
  expect(again.blobs.map(({ outcome }) => outcome)).toContain('miss');
});

test('12: what is missing or damaged on disk under its links is fetched again', async () => {
  const image = addColdImage(quay, 'lost');
  await cacheImage(client, image.name, 'v1');
  const ofImage = new Set<string>([image.root.digest, ...image.blobs.map(({ digest }) => digest)]);
  const files = (await listStoredBlobs(cache.folder.data)).filter(({ digest }) => ofImage.has(digest));
  const layer = files.find(({ digest }) => digest === image.layerDigest);
  if (layer === undefined) throw new Error('the layer is not stored');
  for (const { path } of files) await (path === layer.path ? truncate(path, 1000) : rm(path));

  // A client may have had the beginning of the damaged blob, and a short close with it: it asks again, as engines do.
  await client.get(`/v2/${image.name}/blobs/${image.layerDigest}`);
  const again = await eventually('the image is whole', () =>
    pullImage(client, image.name, 'v1').catch(() => undefined),
  );
  expect(again.root.digest).toBe(image.root.digest);
  await cacheImage(client, image.name, 'v1');
});

test('14: two registries with a repository and a tag of the same name stay two images in one data directory', async () => {
  const ofQuay = addColdImage(quay, 'same-name', { layers: [1_000] });
  const ofHub = addColdImage(hub, 'same-name', { layers: [2_000], upstreamName: 'docker.io' });
  expect(ofQuay.repository).toBe(ofHub.repository);
  const rootOf = async (name: string): Promise<string> => (await pullImage(client, name, 'v1')).root.digest;
  expect(await rootOf(ofQuay.name)).toBe(ofQuay.root.digest);
  expect(await rootOf(ofHub.name)).toBe(ofHub.root.digest);
  expect(await rootOf(ofQuay.name)).toBe(ofQuay.root.digest);
});

import { expect, test } from 'vitest';
import { cacheConfig } from '../support/cache/cache-config.ts';
import { ageStoredBlob, listStoredBlobs, measureStoredBytes } from '../support/cache/stored-blobs.ts';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { blobPath, getManifest, pullImage } from '../support/client/pull-image.ts';
import { receive } from '../support/client/registry-client.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { addColdImage, type ColdImage } from '../support/image/cold-image.ts';

const MIB = 1024 * 1024;
const HOUR_MS = 60 * 60 * 1000;
// For passes by hand: the cache's own cleaner has a limit that is never reached.
const LIMITS = { CLEANER_MAXSIZE: '5M', CLEANER_THRESHOLD_PERCENTAGE: '20' };

const { upstream, cache, client } = await startCachedUpstream(closeAfterAll());

/** Pulls images one after another, and resolves when the logger has seen the last pull. */
async function pullImages(seed: string, count: number): Promise<ColdImage[]> {
  const images: ColdImage[] = [];
  for (let index = 0; index < count; index += 1) {
    const image = addColdImage(upstream, `${seed}-${index}`, { layers: [0.625 * MIB, 0.375 * MIB] });
    await cacheImage(client, image.name, 'v1');
    images.push(image);
  }
  const last = `cold/${seed}-${count - 1}`;
  await eventually('the last pull is in the pull log', () =>
    cache.log.lines.some((line) => JSON.stringify(line).includes(last)),
  );
  return images;
}

test('after one pass the used size is within the limit: what was pulled last is a hit, and first a miss', async () => {
  const images = await pullImages('aged', 10);
  expect(await measureStoredBytes(cache.folder.data)).toBeGreaterThan(10 * MIB);

  const planned = await cache.run(['clean', '--dry-run'], LIMITS);
  expect(planned.exitCode, planned.stderr).toBe(0);
  expect(await measureStoredBytes(cache.folder.data)).toBeGreaterThan(10 * MIB);

  const done = await cache.run(['clean'], LIMITS);
  expect(done.exitCode, done.stderr).toBe(0);
  expect(await measureStoredBytes(cache.folder.data)).toBeLessThanOrEqual(5 * MIB);

  const last = await pullImage(client, images.at(-1)?.name ?? '', 'v1');
  expect(new Set([...last.manifests, ...last.blobs].map(({ outcome }) => outcome))).toEqual(new Set(['hit']));
  const first = await pullImage(client, images[0]?.name ?? '', 'v1');
  expect(first.blobs.map(({ outcome }) => outcome)).toContain('miss');
});

test('the oldest image is the newest once it is pulled again, with everything that belongs to it', async () => {
  const [oldest] = await pullImages('pulled-again', 7);
  if (oldest === undefined) throw new Error('no image was pulled');
  const ofOldest = new Set<string>([oldest.root.digest, ...oldest.blobs.map(({ digest }) => digest)]);
  for (const blob of await listStoredBlobs(cache.folder.data)) {
    await ageStoredBlob(blob, ofOldest.has(blob.digest) ? 2 * HOUR_MS : HOUR_MS);
  }

  // A new logger does not know that it touched the image a moment ago.
  await cache.kill('logger');
  await eventually('the whole image counts as pulled', async () => {
    // The manifest is all that a client with the layers asks for.
    await getManifest(client, oldest.name, 'v1');
    const blobs = await listStoredBlobs(cache.folder.data);
    return blobs
      .filter(({ digest }) => ofOldest.has(digest))
      .every(({ accessedAtMs }) => accessedAtMs > Date.now() - HOUR_MS / 2);
  });

  expect((await cache.run(['clean'], LIMITS)).exitCode).toBe(0);
  upstream.forgetRequests();
  await pullImage(client, oldest.name, 'v1');
  expect(upstream.blobRequests()).toEqual([]);
});

test('a pull in flight gets its bytes to the end while its blob is evicted', async () => {
  const image = addColdImage(upstream, 'in-flight', { layers: [24 * MIB] });
  await cacheImage(client, image.name, 'v1');
  // Nobody reads it yet, so the most of it is still on disk.
  const response = await client.open('GET', blobPath(image.name, image.layerDigest));
  expect((await cache.run(['clean'], { CLEANER_MAXSIZE: '1M' })).exitCode).toBe(0);
  expect(await measureStoredBytes(cache.folder.data)).toBeLessThanOrEqual(MIB);
  expect(await receive('layer', response)).toMatchObject({ complete: true, digest: image.layerDigest });
});

test('the cleaner runs by itself, and logs the used size and the threshold', async () => {
  await pullImages('limited', 8);
  expect(await measureStoredBytes(cache.folder.data)).toBeGreaterThan(8 * MIB);
  const limited = {
    upstreams: { 'quay.io': { url: upstream.origin } },
    config: { cleaner: { maxsize: '5M', thresholdpercentage: 20, runevery: '1s' } },
  };
  await cache.folder.writeConfig(cacheConfig(limited, cache.folder, cache.port));
  await eventually('the used size is below the threshold', async () => {
    return (await measureStoredBytes(cache.folder.data)) <= 6 * MIB;
  });
  const lines = cache.log.lines.filter((line) => line['process'] === 'cleaner');
  expect(
    lines.some((line) => Object.values(line).includes(6 * MIB)),
    'a line with the threshold',
  ).toBe(true);
});

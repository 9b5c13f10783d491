import { beforeAll, expect, test } from 'vitest';
import { cacheConfig } from '../support/cache/cache-config.ts';
import { listStoredBlobs, measureStoredBytes } from '../support/cache/stored-blobs.ts';
import { startCachedUpstream, type CachedUpstream } from '../support/cached-upstream.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { addColdImage, type ColdImage } from '../support/image/cold-image.ts';

const KIB = 1024;
const PINS = ['quay.io/cold/pinned-*:v*', 'quay.io/cold/kept'];
const TIGHT = { CLEANER_MAXSIZE: '128K', CLEANER_THRESHOLD_PERCENTAGE: '0' };

const closeLater = closeAfterAll();
let pair: CachedUpstream;

beforeAll(async () => {
  pair = await startCachedUpstream(closeLater, { config: { cleaner: { pins: PINS } } });
});

/** Pulled one after the other: the first one would be the first to go. */
async function pullInOrder(...seeds: readonly string[]): Promise<ColdImage[]> {
  const images: ColdImage[] = [];
  for (const seed of seeds) {
    const image = addColdImage(pair.upstream, seed, { layers: [200 * KIB, 100 * KIB] });
    await cacheImage(pair.client, image.name, 'v1');
    images.push(image);
  }
  return images;
}

async function isStored({ root, blobs }: ColdImage): Promise<boolean> {
  const stored = new Set((await listStoredBlobs(pair.cache.folder.data)).map(({ digest }) => digest));
  return [root, ...blobs].every(({ digest }) => stored.has(digest));
}

test('what the configuration pins stays though the store is far above its limit, and is a hit', async () => {
  const [pinned, other] = await pullInOrder('pinned-image', 'other-image');
  if (pinned === undefined || other === undefined) throw new Error('expected two images');

  const { stdout, exitCode, stderr } = await pair.cache.run(['clean'], TIGHT);

  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(/^pinned +30\d(?:\.\d)? KiB in \d+ blobs, which stay$/m);
  expect(await isStored(pinned)).toBe(true);
  expect(await measureStoredBytes(pair.cache.folder.data)).toBeLessThan(400 * KIB);
  pair.upstream.forgetRequests();
  await pullImage(pair.client, pinned.name, 'v1');
  expect(pair.upstream.blobRequests()).toEqual([]);
  const again = await pullImage(pair.client, other.name, 'v1');
  expect(again.blobs.map(({ outcome }) => outcome)).toContain('miss');
});

test('the cleaner that runs by itself keeps it too, says so, and warns of a limit that pins alone exceed', async () => {
  const [kept, other] = await pullInOrder('kept', 'evicted');
  if (kept === undefined || other === undefined) throw new Error('expected two images');

  const upstreams = { 'quay.io': { url: pair.upstream.origin } };
  const cleaner = { pins: PINS, maxsize: '128K', thresholdpercentage: 0, runevery: '1s' };
  const { folder, port, log } = pair.cache;
  await folder.writeConfig(cacheConfig({ upstreams, config: { cleaner } }, folder, port));

  await eventually('the other image is evicted', async () => {
    const stored = new Set((await listStoredBlobs(folder.data)).map(({ digest }) => digest));
    return !stored.has(other.layerDigest);
  });

  expect(await isStored(kept)).toBe(true);
  await eventually('a warning says what to do', () =>
    log.lines.some((line) => String(line['msg']).includes('raise it, or remove pins')),
  );
});

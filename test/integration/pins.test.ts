import { expect, test } from 'vitest';
import { listStoredBlobs, measureStoredBytes } from '../support/cache/stored-blobs.ts';
import { startCachedUpstream, type CachedUpstream } from '../support/cached-upstream.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { pullImage } from '../support/client/pull-image.ts';
import { closeAtEnd } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { addColdImage, type ColdImage } from '../support/image/cold-image.ts';

const MIB = 1024 * 1024;
const TIGHT = { CLEANER_MAXSIZE: '1M', CLEANER_THRESHOLD_PERCENTAGE: '0' };

/** Pulled one after the other: the first one would be the first to go. */
async function pullInOrder(pair: CachedUpstream, ...seeds: readonly string[]): Promise<ColdImage[]> {
  const images: ColdImage[] = [];
  for (const seed of seeds) {
    const image = addColdImage(pair.upstream, seed, { layers: [2 * MIB, MIB] });
    await cacheImage(pair.client, image.name, 'v1');
    images.push(image);
  }
  return images;
}

async function isStored({ folder }: CachedUpstream['cache'], { root, blobs }: ColdImage): Promise<boolean> {
  const stored = new Set((await listStoredBlobs(folder.data)).map(({ digest }) => digest));
  return [root, ...blobs].every(({ digest }) => stored.has(digest));
}

test('what the configuration pins stays though the store is far above its limit, and is a hit', async () => {
  const config = { cleaner: { pins: ['quay.io/cold/pinned-*:v*'] } };
  const pair = await startCachedUpstream(closeAtEnd, { config });
  const [pinned, other] = await pullInOrder(pair, 'pinned-image', 'other-image');
  if (pinned === undefined || other === undefined) throw new Error('expected two images');

  const { stdout, exitCode, stderr } = await pair.cache.run(['clean'], TIGHT);

  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(/^pinned +3\.\d MiB in \d+ blobs, which stay$/m);
  expect(await isStored(pair.cache, pinned)).toBe(true);
  expect(await measureStoredBytes(pair.cache.folder.data)).toBeLessThan(4 * MIB);
  pair.upstream.forgetRequests();
  await pullImage(pair.client, pinned.name, 'v1');
  expect(pair.upstream.blobRequests()).toEqual([]);
  const again = await pullImage(pair.client, other.name, 'v1');
  expect(again.blobs.map(({ outcome }) => outcome)).toContain('miss');
});

test('the cleaner that runs by itself keeps it too, says so, and warns of a limit that pins alone exceed', async () => {
  const config = { cleaner: { pins: ['quay.io/cold/kept'] } };
  const env = { ...TIGHT, CLEANER_RUNEVERY_TIME: '1s' };
  const pair = await startCachedUpstream(closeAtEnd, { config, env });
  const [kept] = await pullInOrder(pair, 'kept');
  if (kept === undefined) throw new Error('expected an image');
  const other = addColdImage(pair.upstream, 'evicted', { layers: [2 * MIB] });
  await pullImage(pair.client, other.name, 'v1');

  await eventually('the other image is evicted', async () => {
    return (await measureStoredBytes(pair.cache.folder.data)) < 4 * MIB;
  });

  expect(await isStored(pair.cache, kept)).toBe(true);
  await eventually('a warning says what to do', () =>
    pair.cache.log.lines.some((line) => String(line['msg']).includes('raise it, or remove pins')),
  );
});

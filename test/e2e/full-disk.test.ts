import { expect, test } from 'vitest';
import type { RunningCache } from '../support/cache/running-cache.ts';
import { listStoredBlobs } from '../support/cache/stored-blobs.ts';
import { startCachedUpstream, type CachedUpstream } from '../support/cached-upstream.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { getBlob, pullImage } from '../support/client/pull-image.ts';
import { closeAtEnd } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { addColdImage, type ColdImage } from '../support/image/cold-image.ts';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';

const MIB = 1024 * 1024;
const DISK_BYTES = 48 * MIB;

interface SmallCache extends CachedUpstream {
  readonly disk: SmallDisk;
}

/** A cache whose data is on a disk of 48 MiB, and whose cleaner comes only when it is asked to. */
async function startSmallCache(env: Readonly<Record<string, string>> = {}): Promise<SmallCache> {
  const disk = closeAtEnd(await mountSmallDisk(DISK_BYTES));
  const pair = await startCachedUpstream(closeAtEnd, {
    entry: { tagttl: '0s' },
    env: { CLEANER_RUNEVERY_TIME: '1h', ...env },
    config: { storage: { filesystem: { rootdirectory: disk.path } } },
  });
  return { ...pair, disk };
}

async function isStored({ disk }: SmallCache, digest: string): Promise<boolean> {
  return (await listStoredBlobs(disk.path)).some((blob) => blob.digest === digest);
}

/** What the worker says of pulls, and the supervisor of the disk. */
function fullDiskLines({ log }: RunningCache): readonly string[] {
  return log.lines.map(({ msg }) => msg).filter((msg) => /nothing can be stored|disk .* is full/.test(msg));
}

/** The pass that every start brings. */
async function firstPassOf({ log }: RunningCache): Promise<void> {
  await eventually('the first cleaning pass', () => countPasses(log) > 0);
}

function countPasses({ lines }: RunningCache['log']): number {
  return lines.filter(({ msg }) => msg === 'used size').length;
}

test('a blob larger than the disk reaches every client whole, and leaves nothing behind', async () => {
  const small = await startSmallCache();
  const { upstream, cache, client, disk } = small;
  const image = addColdImage(upstream, 'larger-than-the-disk', { layers: [64 * MIB] });

  const clients = [client, cache.client(), cache.client()];
  const pulls = await Promise.all(clients.map((each) => getBlob(each, image.name, image.layerDigest)));

  expect(pulls.map(({ sizeBytes }) => sizeBytes)).toEqual(clients.map(() => 64 * MIB));
  expect(await isStored(small, image.layerDigest)).toBe(false);
  await eventually('the disk is free again', async () => (await disk.availableBytes()) > 40 * MIB);
});

test('the log says once that the disk is full, and what is done about it, however many blobs cannot be stored', async () => {
  const { upstream, cache, client, disk } = await startSmallCache();
  await disk.occupy();

  for (const seed of ['first', 'second', 'third']) {
    const image = addColdImage(upstream, `full-${seed}`, { layers: [2 * MIB, MIB] });
    await pullImage(client, image.name, 'v1');
  }

  await eventually('both have said so', () => fullDiskLines(cache).length >= 2);
  expect(fullDiskLines(cache).toSorted((one, other) => one.localeCompare(other))).toEqual([
    expect.stringContaining('making room early'),
    expect.stringContaining('pulls go on straight from the upstream'),
  ]);
});

test('tags, manifests and blobs are served, cold and cached, while foreign files fill the disk', async () => {
  const small = await startSmallCache();
  const { upstream, client, disk } = small;
  const cached = addColdImage(upstream, 'cached-before');
  await cacheImage(client, cached.name, 'v1');
  await disk.occupy();

  const hit = await pullImage(client, cached.name, 'v1');
  expect(hit.root.outcome).toBe('revalidated');
  expect(hit.blobs.every(({ outcome }) => outcome === 'hit')).toBe(true);

  const cold = addColdImage(upstream, 'cold-on-a-full-disk', { layers: [2 * MIB] });
  const miss = await pullImage(client, cold.name, 'v1');
  expect(miss.root.digest).toBe(cold.root.digest);
  await expect(pullImage(client, cold.name, cold.root.digest)).resolves.toBeDefined();
  expect(await isStored(small, cold.layerDigest)).toBe(false);
});

test('a tag that moves is answered by its new manifest while the disk is full', async () => {
  const { upstream, client, disk } = await startSmallCache();
  const before = addColdImage(upstream, 'moving');
  await cacheImage(client, before.name, 'v1');
  await disk.occupy();
  const after = addColdImage(upstream, 'moved-to');
  upstream.addImage(before.repository, 'v1', after);
  expect((await pullImage(client, before.name, 'v1')).root.digest).toBe(after.root.digest);
});

test('blobs are stored again, without a restart, once foreign files are gone', async () => {
  const small = await startSmallCache();
  const { upstream, client, disk } = small;
  const image = addColdImage(upstream, 'stored-later', { layers: [2 * MIB] });
  await disk.occupy();
  await pullImage(client, image.name, 'v1');
  expect(await isStored(small, image.layerDigest)).toBe(false);

  await disk.release();

  await eventually('the image is stored', async () => {
    await pullImage(client, image.name, 'v1');
    return isStored(small, image.layerDigest);
  });
  const { blobs } = await pullImage(client, image.name, 'v1');
  expect(blobs.every(({ outcome }) => outcome === 'hit')).toBe(true);
});

test('a full disk brings the cleaner early, and then what is pulled is stored', async () => {
  const small = await startSmallCache({ CLEANER_MAXSIZE: '20M', CLEANER_THRESHOLD_PERCENTAGE: '0' });
  const { upstream, cache, client } = small;
  await firstPassOf(cache);
  const passes = countPasses(cache.log);

  const images: ColdImage[] = [];
  for (let index = 0; index < 7; index += 1) {
    const image = addColdImage(upstream, `filling-${index}`, { layers: [8 * MIB] });
    await pullImage(client, image.name, 'v1');
    images.push(image);
  }

  await eventually('a pass that nobody had to wait an hour for', () => countPasses(cache.log) > passes);
  const last = images.at(-1);
  if (last === undefined) throw new Error('nothing was pulled');
  await eventually('the last image is stored', async () => {
    await pullImage(client, last.name, 'v1');
    return isStored(small, last.layerDigest);
  });
});

test('a store on a disk that was full checks clean', async () => {
  const { upstream, cache, client, disk } = await startSmallCache();
  await disk.occupy(3 * MIB);
  for (const seed of ['one', 'two', 'three']) {
    const image = addColdImage(upstream, `half-stored-${seed}`, { layers: [2 * MIB] });
    await pullImage(client, image.name, 'v1');
  }
  const { exitCode, stdout, stderr } = await cache.run(['check', '--store']);
  expect(exitCode, stdout + stderr).toBe(0);
});

import { access, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { cacheConfig } from '../support/cache/cache-config.ts';
import { listStoredBlobs, type BlobFile } from '../support/cache/stored-blobs.ts';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { getManifest, pullImage } from '../support/client/pull-image.ts';
import type { RegistryClient } from '../support/client/registry-client.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { addColdImage, type ColdImage } from '../support/image/cold-image.ts';

const MINUTE_MS = 60_000;

const PULLED = { blobttl: '2h', blobttlfrom: 'pulled' };
const { upstream, cache, client } = await startCachedUpstream(closeAfterAll(), {
  config: { cleaner: PULLED },
});

async function changeCleaner(cleaner: Readonly<Record<string, string>>): Promise<void> {
  const upstreams = { 'quay.io': { url: upstream.origin } };
  await cache.folder.writeConfig(cacheConfig({ upstreams, config: { cleaner } }, cache.folder, cache.port));
}

async function storedBlobsOf(image: ColdImage): Promise<BlobFile[]> {
  const digests = new Set<string>([image.root.digest, ...image.blobs.map(({ digest }) => digest)]);
  return (await listStoredBlobs(cache.folder.data)).filter(({ digest }) => digests.has(digest));
}

/** Makes blobs look as though they were fetched 90 minutes ago, and last pulled 45 minutes ago. */
async function age(blobs: readonly BlobFile[]): Promise<void> {
  const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * MINUTE_MS);
  for (const { path } of blobs) await utimes(path, minutesAgo(45), minutesAgo(90));
}

test('where the time is counted from the last pull, an image that is pulled stays and another goes', async () => {
  const pulled = addColdImage(upstream, 'pulled');
  const idle = addColdImage(upstream, 'idle');
  for (const image of [pulled, idle]) await cacheImage(client, image.name, 'v1');
  await age(await storedBlobsOf(pulled));
  // A new logger does not know that it touched the image a moment ago.
  await cache.kill('logger');
  await eventually('the whole image counts as pulled', async () => {
    await getManifest(client, pulled.name, 'v1');
    const blobs = await storedBlobsOf(pulled);
    return blobs.every(({ accessedAtMs }) => accessedAtMs > Date.now() - 10 * MINUTE_MS);
  });
  // Now that the logger has seen what came later, it has nothing left to touch of this one.
  await age(await storedBlobsOf(idle));

  await changeCleaner({ ...PULLED, blobttl: '30m' });
  await eventually('a pass has removed what expired', () =>
    cache.log.lines.some(({ msg, from }) => msg === 'expired' && from === 'pulled'),
  );

  expect(await storedBlobsOf(idle)).toEqual([]);
  upstream.forgetRequests();
  await pullImage(client, pulled.name, 'v1');
  expect(upstream.blobRequests()).toEqual([]);
  await pullImage(client, idle.name, 'v1');
  for (const { digest } of idle.blobs) expect(upstream.blobRequests(digest)).not.toEqual([]);
});

test('what was fetched goes when its time is over, and is fetched again though its links are there', async () => {
  const image = addColdImage(upstream, 'expiring');
  const repository = join(cache.folder.data, 'docker/registry/v2/repositories', image.name);
  const first = await cacheImage(client, image.name, 'v1');
  await changeCleaner({ blobttl: '2s' });

  await eventually('all files of the image are gone', async () => {
    return (await storedBlobsOf(image)).length === 0;
  });
  await expect(access(join(repository, '_manifests/tags/v1/current/link'))).resolves.toBeUndefined();
  upstream.forgetRequests();
  const again = await pullImage(client, image.name, 'v1');

  expect(again.root).toMatchObject({ outcome: 'miss', digest: first.root.digest });
  expect(upstream.manifestRequests().map(({ method }) => method)).toEqual(['GET']);
  for (const { digest } of image.blobs) expect(upstream.blobRequests(digest)).not.toEqual([]);
  expect(cache.log.lines).toContainEqual(expect.objectContaining({ msg: 'expired', from: 'fetched' }));
});

test('pulls go on while blobs expire under them', async () => {
  await changeCleaner({ blobttl: '1s' });
  const images = ['one', 'two', 'three'].map((seed) =>
    addColdImage(upstream, `under-way-${seed}`, { layers: [400_000, 40_000] }),
  );
  const passes = (): number => cache.log.lines.filter(({ msg }) => msg === 'expired').length;
  const before = passes();
  let pulls = 0;
  const pullOn = async (puller: RegistryClient): Promise<void> => {
    while (passes() < before + 3) {
      for (const image of images) await pullImage(puller, image.name, 'v1');
      pulls++;
      await sleep(20);
    }
  };
  await Promise.all(Array.from({ length: 3 }, () => pullOn(cache.client())));
  expect(pulls).toBeGreaterThan(3);
  const { exitCode, stdout, stderr } = await cache.run(['check', '--store']);
  expect(exitCode, stdout + stderr).toBe(0);
});

import { OCI_INDEX } from '@registry-cache/oci';
import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { getManifest } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { wrongBytes } from '../support/upstream/behaviours.ts';

const { upstream, cache, client } = await startCachedUpstream(closeAfterAll(), { entry: { tagttl: '0s' } });

test('11: a tag that moves between HEAD and GET gives one image or the other under its own digest', async () => {
  const image = addColdImage(upstream, 'moving');
  await getManifest(client, image.name, 'v1');
  const second = addColdImage(upstream, 'moving-second');
  const third = addColdImage(upstream, 'moving-third');
  upstream.addImage(image.repository, 'v1', second);
  const match = { method: 'HEAD', path: `/v2/${image.repository}/manifests/v1`, times: 1 };
  upstream.misbehave(match, (answer) => {
    upstream.addImage(image.repository, 'v1', third);
    return answer;
  });

  // The bytes are compared with the digest that comes with them.
  const between = await getManifest(client, image.name, 'v1');
  expect([second.root.digest, third.root.digest]).toContain(between.digest);
  expect((await getManifest(client, image.name, 'v1')).digest).toBe(third.root.digest);
  for (const { root } of [image, second, third]) await getManifest(client, image.name, root.digest);
});

test('15: an index keeps its bytes and its digest, and only the platform that is asked for is fetched', async () => {
  const image = addColdImage(upstream, 'platforms', {
    platforms: ['linux/amd64', 'linux/arm64', 'linux/s390x'],
  });
  const index = await getManifest(client, image.name, 'v1');
  expect(index.headers['content-type']).toBe(OCI_INDEX);
  expect(Buffer.from(index.bytes).equals(image.root.bytes)).toBe(true);

  const wanted = image.platforms[1]?.manifest.digest ?? '';
  await getManifest(client, image.name, wanted);
  const asked = upstream.requestsTo({ path: new RegExp(image.repository) }).map(({ path }) => path);
  const ofOthers = asked.filter(
    (path) => !['v1', image.root.digest, wanted].some((end) => path.endsWith(end)),
  );
  expect(ofOthers).toEqual([]);
});

test('16: a manifest by digest whose bytes are others is an error and is not stored', async () => {
  const image = addColdImage(upstream, 'other-manifest');
  const behaveAgain = upstream.misbehave({ path: /cold\/other-manifest\/manifests/ }, wrongBytes());
  const path = `/v2/${image.name}/manifests/${image.root.digest}`;
  expect((await client.get(path)).status).toBeGreaterThanOrEqual(500);
  behaveAgain();
  expect(await client.get(path)).toMatchObject({ status: 200, digest: image.root.digest });
  expect((await cache.run(['check', '--store'])).exitCode).toBe(0);
});

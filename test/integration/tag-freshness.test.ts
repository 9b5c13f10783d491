import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { getManifest } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { buildImage } from '../support/image/build-image.ts';

const { upstream, client } = await startCachedUpstream(closeAfterAll(), { entry: { tagttl: '0s' } });

test('a tag that is no longer fresh is confirmed by HEAD alone', async () => {
  const image = addColdImage(upstream, 'confirmed');
  await getManifest(client, image.name, 'v1');
  upstream.forgetRequests();
  expect((await getManifest(client, image.name, 'v1')).outcome).toBe('revalidated');
  expect(upstream.manifestRequests().map(({ method }) => method)).toEqual(['HEAD']);
});

test('a tag that moved is the new image, and the old one is still there by digest', async () => {
  const image = addColdImage(upstream, 'moved');
  await getManifest(client, image.name, 'v1');
  const moved = buildImage({ seed: 'moved there', layers: [10] });
  upstream.addImage(image.repository, 'v1', moved);
  expect((await getManifest(client, image.name, 'v1')).digest).toBe(moved.root.digest);
  expect((await getManifest(client, image.name, image.root.digest)).outcome).toBe('hit');
});

test('a tag that was removed is a 404', async () => {
  const image = addColdImage(upstream, 'removed');
  await getManifest(client, image.name, 'v1');
  upstream.removeTag(image.repository, 'v1');
  expect((await client.get(`/v2/${image.name}/manifests/v1`)).status).toBe(404);
});

import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { getManifest, pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { hang } from '../support/upstream/behaviours.ts';

/** When containerd gives up an answer that has not begun. */
const CLIENT_PATIENCE_MS = 30_000;

const { upstream, client } = await startCachedUpstream(closeAfterAll(), { entry: { tagttl: '0s' } });

test('what is cached can be pulled by digest while the upstream accepts requests and answers none', async () => {
  const image = addColdImage(upstream, 'hanging-by-digest');
  await cacheImage(client, image.name, image.root.digest);
  const stopHanging = upstream.misbehave({}, hang());
  const { root } = await pullImage(client, image.name, image.root.digest);
  stopHanging();
  expect(root.outcome).toBe('hit');
});

test(
  'a tag is answered from disk before clients give up on an upstream that does not answer',
  { timeout: CLIENT_PATIENCE_MS },
  async () => {
    const image = addColdImage(upstream, 'hanging-by-tag');
    await cacheImage(client, image.name, 'v1');
    upstream.misbehave({}, hang());
    expect(await getManifest(client, image.name, 'v1')).toMatchObject({
      outcome: 'stale',
      digest: image.root.digest,
    });
  },
);

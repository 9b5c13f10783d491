import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { blobPath } from '../support/client/pull-image.ts';
import { closeAtEnd } from '../support/close-at-end.ts';
import { addColdImage } from '../support/image/cold-image.ts';

// In the integration tests a smaller blob does; this one is as large as what clusters pull.
test('ten clients on one cold blob of 256 MiB cost one transfer, and all get the right bytes', async () => {
  const { upstream, cache } = await startCachedUpstream(closeAtEnd);
  const image = addColdImage(upstream, 'large', { layers: [256 * 1024 * 1024] });
  const path = blobPath(image.name, image.layerDigest);
  const received = await Promise.all(Array.from({ length: 10 }, () => cache.client().get(path)));
  for (const { complete, digest } of received) {
    expect({ complete, digest }).toEqual({ complete: true, digest: image.layerDigest });
  }
  expect(upstream.blobRequests(image.layerDigest)).toHaveLength(1);
});

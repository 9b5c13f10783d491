import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { closeAfterAll } from '../support/close-at-end.ts';

const { client } = await startCachedUpstream(closeAfterAll());

test.each([
  '/v2/gcr.io/org/image/manifests/v1',
  '/v2/quayXio/org/image/manifests/v1',
  '/v2/quay.io.evil/a/manifests/v1',
])('%s names no upstream: the 404 says which there are', async (path) => {
  const { status, bytes } = await client.get(path);
  expect(status).toBe(404);
  expect(Buffer.from(bytes).toString()).toMatch(/NAME_UNKNOWN.*quay\.io/s);
});

import { expect, test } from 'vitest';
import { startCache } from '../support/cache/start-cache.ts';
import { createCertificateAuthority } from '../support/certificates.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll, closeAtEnd } from '../support/close-at-end.ts';
import { findFreePort } from '../support/free-port.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { fail, tooManyRequests } from '../support/upstream/behaviours.ts';
import { startUpstream, type Upstream } from '../support/upstream/start-upstream.ts';

const closeLater = closeAfterAll();
const ca = await createCertificateAuthority();
const tls = await ca.issue();
const down = closeLater(await startUpstream({ tls }));
const busy = closeLater(await startUpstream({ tls }));
const failing = closeLater(await startUpstream({ tls }));
const upstreams = {
  'down.example.com': { url: down.origin, tagttl: '0s' },
  'busy.example.com': { url: busy.origin, tagttl: '0s' },
  'failing.example.com': { url: failing.origin, tagttl: '0s' },
};
const client = closeLater(await startCache({ ca, upstreams })).client();

const outages: readonly [string, string, Upstream, (upstream: Upstream) => Promise<void>][] = [
  ['is down', 'down.example.com', down, (upstream) => upstream.stop()],
  [
    'answers 429',
    'busy.example.com',
    busy,
    async (upstream) => void upstream.misbehave({}, tooManyRequests(30)),
  ],
  [
    'answers HEAD and fails GET',
    'failing.example.com',
    failing,
    async (upstream) => void upstream.misbehave({ method: 'GET' }, fail(500)),
  ],
];

test.each(outages)(
  '2: a cached image is pulled by tag and by digest while the upstream %s',
  async (_what, upstreamName, upstream, begin) => {
    const image = addColdImage(upstream, 'outage', { upstreamName });
    await cacheImage(client, image.name, 'v1');
    // The tag has moved, so that HEAD alone is no answer.
    upstream.addImage(image.repository, 'v1', addColdImage(upstream, 'moved'));
    await begin(upstream);

    const byTag = await pullImage(client, image.name, 'v1');
    const byDigest = await pullImage(client, image.name, image.root.digest);
    expect(byTag.root).toMatchObject({ digest: image.root.digest, outcome: 'stale' });
    expect(byDigest.root).toMatchObject({ digest: image.root.digest, outcome: 'hit' });
    expect([...byTag.blobs, ...byDigest.blobs].every(({ outcome }) => outcome === 'hit')).toBe(true);
  },
);

test('9: the cache starts while every upstream is unreachable', async () => {
  const url = `https://127.0.0.1:${await findFreePort()}`;
  const cache = closeAtEnd(await startCache({ upstreams: { 'quay.io': { url }, 'docker.io': { url } } }));
  expect((await cache.client().get('/v2/')).status).toBe(200);
});

import { expect, test } from 'vitest';
import { startCache } from '../support/cache/start-cache.ts';
import { createCertificateAuthority } from '../support/certificates.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { blobPath, getBlob } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { buildImage } from '../support/image/build-image.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { refuseHead } from '../support/upstream/behaviours.ts';
import { startUpstream, type Upstream } from '../support/upstream/start-upstream.ts';

const closeLater = closeAfterAll();
const ca = await createCertificateAuthority();
const quay = closeLater(await startUpstream({ tls: await ca.issue() }));
const ghcr = closeLater(await startUpstream({ tls: await ca.issue() }));
const upstreams = { 'quay.io': { url: quay.origin }, 'ghcr.io': { url: ghcr.origin } };
const cache = closeLater(await startCache({ ca, upstreams }));
const client = cache.client();

test.each<[string, Upstream, string]>([
  ['another repository', quay, 'quay.io'],
  ['a repository of another upstream', ghcr, 'ghcr.io'],
])(
  'a cached blob is served for %s after a HEAD, and the next time without',
  async (what, upstream, upstreamName) => {
    const image = addColdImage(quay, `shared-with-${what.replaceAll(' ', '-')}`);
    await cacheImage(client, image.name, 'v1');
    const repository = `sharing/${image.repository}`;
    upstream.addImage(repository, 'v1', image);
    upstream.forgetRequests();

    expect((await getBlob(client, `${upstreamName}/${repository}`, image.layerDigest)).outcome).toBe(
      'revalidated',
    );
    expect(upstream.blobRequests().map(({ method }) => method)).toEqual(['HEAD']);

    await getBlob(client, `${upstreamName}/${repository}`, image.layerDigest);
    expect(upstream.blobRequests()).toHaveLength(1);
  },
);

test('an upstream that refuses HEAD proves a shared blob without sending it', async () => {
  const image = addColdImage(quay, 'no-head', { layers: [8 * 1024 * 1024] });
  await cacheImage(client, image.name, 'v1');
  quay.addImage('sharing/no-head', 'v1', image);
  quay.misbehave({ path: /sharing\/no-head/ }, refuseHead());

  expect((await getBlob(client, 'quay.io/sharing/no-head', image.layerDigest)).outcome).toBe('revalidated');
  const whole = quay.blobRequests(image.layerDigest).filter(({ outcome }) => outcome === 'complete');
  expect(whole.filter(({ method }) => method === 'GET')).toHaveLength(1);
});

test('a cached blob is a 404 for a repository that does not hold it', async () => {
  const image = addColdImage(quay, 'private');
  await cacheImage(client, image.name, 'v1');
  quay.addImage('public/image', 'v1', buildImage({ seed: 'public', layers: [10] }));
  for (const path of ['quay.io/public/image', 'ghcr.io/public/image', 'quay.io/no/such']) {
    expect((await client.get(blobPath(path, image.layerDigest))).status).toBe(404);
    expect((await client.head(blobPath(path, image.layerDigest))).status).toBe(404);
  }
});

test('a cached blob is refused for a repository that the upstream does not open', async () => {
  const image = addColdImage(quay, 'denied');
  await cacheImage(client, image.name, 'v1');
  ghcr.addImage('closed/image', 'v1', image);
  ghcr.authenticateBy({ kind: 'basic', accounts: [] });
  const { status, sizeBytes } = await client.get(blobPath('ghcr.io/closed/image', image.layerDigest));
  ghcr.authenticateBy({ kind: 'none' });
  expect([401, 403, 404]).toContain(status);
  expect(sizeBytes).toBeLessThan(image.layer.sizeBytes);
});

test('a cached manifest is a 404 for a repository that does not hold it', async () => {
  const image = addColdImage(quay, 'private-manifest');
  await client.get(`/v2/${image.name}/manifests/v1`);
  expect((await client.get(`/v2/quay.io/public/image/manifests/${image.root.digest}`)).status).toBe(404);
});

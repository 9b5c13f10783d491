import { expect, test } from 'vitest';
import { startCache } from '../support/cache/start-cache.ts';
import { createCertificateAuthority } from '../support/certificates.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { startUpstream } from '../support/upstream/start-upstream.ts';

const closeLater = closeAfterAll();
const ca = await createCertificateAuthority();
const quay = closeLater(await startUpstream({ tls: await ca.issue() }));
const hub = closeLater(await startUpstream());
const upstreams = {
  'quay.io': { url: quay.origin },
  'docker.io': { url: hub.origin, default: true },
};
const cache = closeLater(await startCache({ ca, upstreams }));
const client = cache.client();

test.each([
  ['/v2/U/N', (u: string, path: string) => `/v2/${u}/${path}`],
  ['/U/v2/N', (u, path) => `/${u}/v2/${path}`],
  ['/v2/N?ns=U', (u, path) => `/v2/${path}?ns=${u}`],
] satisfies [string, (u: string, path: string) => string][])(
  'the shape %s reaches the same entry',
  async (_, shape) => {
    const image = addColdImage(quay, 'shapes');
    await cacheImage(client, image.name, 'v1');
    const manifest = await client.get(shape('quay.io', `${image.repository}/manifests/v1`));
    const blob = await client.get(shape('quay.io', `${image.repository}/blobs/${image.layerDigest}`));
    expect([manifest.digest, manifest.outcome]).toEqual([image.root.digest, 'hit']);
    expect([blob.digest, blob.outcome]).toEqual([image.layerDigest, 'hit']);
  },
);

test('a mirror of all registries is told which one answered', async () => {
  const image = addColdImage(quay, 'oci-namespace');
  const { headers } = await client.get(`/v2/${image.repository}/manifests/v1?ns=quay.io`);
  expect(headers['oci-namespace']).toBe('quay.io');
});

test('a name without an upstream is one of the default upstream', async () => {
  const image = addColdImage(hub, 'default');
  const { digest } = await client.get(`/v2/${image.repository}/manifests/v1`);
  expect(digest).toBe(image.root.digest);
});

test('a name of docker.io without a slash is in library', async () => {
  const image = addColdImage(hub, 'library');
  hub.addImage('library/hello', 'v1', image);
  expect((await pullImage(client, 'docker.io/hello', 'v1')).root.digest).toBe(image.root.digest);
});

test.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
  '%s is refused and does not reach the upstream',
  async (method) => {
    quay.forgetRequests();
    const response = await client.open(method, '/v2/quay.io/org/image/blobs/uploads/');
    response.resume();
    expect(response.statusCode).toBe(405);
    expect(quay.requests).toEqual([]);
  },
);

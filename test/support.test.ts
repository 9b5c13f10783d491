import { beforeAll, expect, test } from 'vitest';
import { createCertificateAuthority, type CertificateAuthority } from './support/certificates.ts';
import { blobPath, getBlob, pullImage } from './support/client/pull-image.ts';
import { createRegistryClient } from './support/client/registry-client.ts';
import { closeAtEnd } from './support/close-at-end.ts';
import { buildImage } from './support/image/build-image.ts';
import { contentOfSeed } from './support/image/content.ts';
import { endAfter, gzipped, resetAfter, wrongBytes, type Behaviour } from './support/upstream/behaviours.ts';
import { startUpstream, type Upstream } from './support/upstream/start-upstream.ts';

// The tests' own upstream and client against each other: what they let pass, no test of the cache can find.

let ca: CertificateAuthority;
const image = buildImage({
  seed: 'support',
  layers: [300_000, 20],
  platforms: ['linux/amd64', 'linux/arm64'],
});
const [layer] = image.platforms[0]?.layers ?? [];
const digest = layer?.digest ?? '';

beforeAll(async () => {
  ca = await createCertificateAuthority();
});

async function upstreamWithImage(): Promise<Upstream> {
  const upstream = closeAtEnd(await startUpstream({ tls: await ca.issue() }));
  upstream.addImage('org/image', 'v1', image);
  return upstream;
}

function clientOf(upstream: Upstream, auth?: string): ReturnType<typeof createRegistryClient> {
  const options = { origin: upstream.origin, ca: ca.certificate };
  return closeAtEnd(createRegistryClient(auth === undefined ? options : { ...options, auth }));
}

test('the client pulls an image of two platforms and every request is recorded', async () => {
  const upstream = await upstreamWithImage();
  const pull = await pullImage(clientOf(upstream), 'org/image', 'v1');
  expect(pull.manifests).toHaveLength(3);
  expect(pull.blobs).toHaveLength(6);
  expect(upstream.blobRequests(digest)).toMatchObject([
    { method: 'GET', status: 200, bytesSent: 300_000, outcome: 'complete' },
  ]);
});

test.each<[string, Behaviour]>([
  ['wrong bytes', wrongBytes()],
  ['a connection that breaks', resetAfter(1000)],
  ['a body that ends early without a length', endAfter(1000)],
  ['a body that is encoded', gzipped()],
])('the client notices %s', async (_name, behaviour) => {
  const upstream = await upstreamWithImage();
  upstream.misbehave({ path: /\/blobs\// }, behaviour);
  await expect(getBlob(clientOf(upstream), 'org/image', digest)).rejects.toThrow('pull failed');
});

test('misbehaviour ends after as many requests as it was meant for', async () => {
  const upstream = await upstreamWithImage();
  upstream.misbehave({ path: /\/blobs\//, times: 1 }, wrongBytes());
  const client = clientOf(upstream);
  await expect(getBlob(client, 'org/image', digest)).rejects.toThrow('pull failed');
  await expect(getBlob(client, 'org/image', digest)).resolves.toMatchObject({ status: 200 });
});

test('a stopped upstream refuses connections and is back on the same port after a start', async () => {
  const upstream = await upstreamWithImage();
  const client = clientOf(upstream);
  await upstream.stop();
  await expect(client.get('/v2/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await upstream.start();
  await expect(client.get('/v2/')).resolves.toMatchObject({ status: 200 });
});

test('an account without a grant for the repository is refused', async () => {
  const upstream = await upstreamWithImage();
  upstream.authenticateBy({
    kind: 'basic',
    accounts: [{ username: 'someone', password: 'their:päss', repositories: ['org/other'] }],
  });
  await expect(clientOf(upstream).get('/v2/')).resolves.toMatchObject({ status: 401 });
  const client = clientOf(upstream, 'someone:their:päss');
  await expect(client.get('/v2/')).resolves.toMatchObject({ status: 200 });
  await expect(client.get('/v2/org/image/manifests/v1')).resolves.toMatchObject({ status: 403 });
});

test('a token opens the repository that it was issued for, and no other', async () => {
  const upstream = await upstreamWithImage();
  upstream.addImage('org/other', 'v1', image);
  upstream.authenticateBy({ kind: 'bearer', accounts: [{ username: 'someone', password: 'secret' }] });
  const client = clientOf(upstream, 'someone:secret');
  const issued = await client.get('/token?service=upstream&scope=repository:org/image:pull');
  const { token } = JSON.parse(Buffer.from(issued.bytes).toString()) as { token: string };
  const headers = { authorization: `Bearer ${token}` };
  await expect(client.get('/v2/org/image/manifests/v1', { headers })).resolves.toMatchObject({ status: 200 });
  const refused = await client.get('/v2/org/other/manifests/v1', { headers });
  expect(refused.headers['www-authenticate']).toContain('scope="repository:org/other:pull"');
});

test('a redirected blob is served by another host, and not to who sends it a credential', async () => {
  const upstream = closeAtEnd(
    await startUpstream({ tls: await ca.issue(), redirectBlobs: { ttlSeconds: 60 } }),
  );
  upstream.addImage('org/image', 'v1', image);
  const redirect = await clientOf(upstream).get(blobPath('org/image', digest));
  const location = new URL(redirect.headers.location ?? '');
  expect(location.hostname).not.toBe(new URL(upstream.origin).hostname);
  const options = { origin: location.origin, ca: ca.certificate };
  const path = location.pathname + location.search;
  const anonymous = closeAtEnd(createRegistryClient(options));
  await expect(anonymous.get(path)).resolves.toMatchObject({ status: 200, digest });
  const sending = closeAtEnd(createRegistryClient({ ...options, auth: 'someone:secret' }));
  await expect(sending.get(path)).resolves.toMatchObject({ status: 400 });
});

test('content of a seed is the same from any position', () => {
  const content = contentOfSeed('position', 1_000_000);
  const whole = Buffer.concat([...content.read()]);
  const part = Buffer.concat([...content.read(262_147, 700_001)]);
  expect(part.equals(whole.subarray(262_147, 700_001))).toBe(true);
});

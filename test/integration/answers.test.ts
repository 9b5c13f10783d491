import { OCI_INDEX } from '@registry-cache/oci';
import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { blobPath, getManifest } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { buildReferrer } from '../support/image/build-image.ts';
import { addColdImage } from '../support/image/cold-image.ts';

const { upstream, cache, client } = await startCachedUpstream(closeAfterAll());

const COMPARED_HEADERS = ['content-type', 'content-length', 'docker-content-digest', 'etag', 'accept-ranges'];

test.each([
  ['a manifest by tag', (image: ReturnType<typeof addColdImage>) => `/v2/${image.name}/manifests/v1`],
  ['a manifest by digest', (image) => `/v2/${image.name}/manifests/${image.root.digest}`],
  ['a blob', (image) => blobPath(image.name, image.layerDigest)],
] satisfies [string, (image: ReturnType<typeof addColdImage>) => string][])(
  'HEAD and GET of %s agree, cold and cached',
  async (what, pathOf) => {
    const path = pathOf(addColdImage(upstream, `head-of-${what.replaceAll(' ', '-')}`));
    const cold = await client.head(path);
    const got = await client.get(path);
    const cached = await client.head(path);
    expect([cold.status, got.status, cached.status]).toEqual([200, 200, 200]);
    for (const name of COMPARED_HEADERS) {
      expect([name, cold.headers[name], cached.headers[name]]).toEqual([
        name,
        got.headers[name],
        got.headers[name],
      ]);
    }
  },
);

test('several ranges of a cached blob come in as many parts', async () => {
  const image = addColdImage(upstream, 'ranges');
  await cacheImage(client, image.name, 'v1');
  const parts = await client.get(blobPath(image.name, image.layerDigest), {
    headers: { range: 'bytes=0-9,100-119' },
  });
  expect(parts.status).toBe(206);
  expect(parts.headers['content-type']).toMatch(/^multipart\/byteranges; ?boundary=/);
  expect(
    Buffer.from(parts.bytes)
      .toString('latin1')
      .match(/content-range: bytes/gi),
  ).toHaveLength(2);
});

test('a manifest that the client has is not sent again', async () => {
  const image = addColdImage(upstream, 'conditional');
  const { headers } = await getManifest(client, image.name, 'v1');
  const again = await client.get(`/v2/${image.name}/manifests/v1`, {
    headers: { 'if-none-match': headers.etag ?? '' },
  });
  expect([again.status, again.sizeBytes]).toEqual([304, 0]);
});

test('tags are listed page by page through links that lead back to the cache', async () => {
  const image = addColdImage(upstream, 'tags');
  for (const tag of ['v2', 'v3']) upstream.addImage(image.repository, tag, image);
  const first = await client.get(`/v2/${image.name}/tags/list?n=2`);
  expect(jsonOf(first.bytes)).toMatchObject({ tags: ['v1', 'v2'] });
  const next = /<([^>]+)>; rel="next"/.exec(String(first.headers['link']))?.[1] ?? '';
  expect(next).toContain(`/v2/${image.name}/tags/list`);
  const second = await client.get(new URL(next, cache.origin).href.slice(cache.origin.length));
  expect(jsonOf(second.bytes)).toMatchObject({ tags: ['v3'] });
});

test('referrers are passed on', async () => {
  const image = addColdImage(upstream, 'referrers');
  const referrer = buildReferrer(image.root, 'application/vnd.example.sbom');
  upstream.addReferrer(image.repository, referrer);
  const { status, headers, bytes } = await client.get(`/v2/${image.name}/referrers/${image.root.digest}`);
  expect([status, headers['content-type']]).toEqual([200, OCI_INDEX]);
  expect(jsonOf(bytes)).toMatchObject({
    manifests: [{ digest: referrer.manifest.digest, artifactType: 'application/vnd.example.sbom' }],
  });
});

test.each(['manifests/v1', 'tags/list'])(
  'headers that an upstream adds to %s stay with the cache',
  async (endpoint) => {
    const image = addColdImage(upstream, `headers-of-${endpoint.replace('/', '-')}`);
    const others = addColdImage(upstream, 'of-someone-else');
    await cacheImage(client, others.name, 'v1');
    const hex = others.layerDigest.slice('sha256:'.length);
    upstream.misbehave({ path: new RegExp(image.repository) }, (answer) => ({
      ...answer,
      headers: {
        ...answer.headers,
        'set-cookie': 'session=1',
        'x-accel-redirect': `/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`,
        'x-accel-length': '1000',
      },
    }));
    const { status, headers, digest } = await client.get(`/v2/${image.name}/${endpoint}`);
    expect(status).toBe(200);
    expect(digest).not.toBe(others.layerDigest);
    expect(Object.keys(headers).filter((name) => /set-cookie|x-accel/.test(name))).toEqual([]);
  },
);

test('an unknown tag is a 404 that says so', async () => {
  const image = addColdImage(upstream, 'unknown-tag');
  const { status, bytes } = await client.get(`/v2/${image.name}/manifests/v9`);
  expect([status, codeOf(bytes)]).toEqual([404, 'MANIFEST_UNKNOWN']);
});

function jsonOf(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString());
}

function codeOf(bytes: Uint8Array): string | undefined {
  return (jsonOf(bytes) as { errors: { code: string }[] }).errors[0]?.code;
}

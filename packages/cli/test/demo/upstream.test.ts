import { digestOf } from '@registry-cache/oci';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildDemoImage } from '../../src/demo/image.ts';
import { startDemoUpstream, type DemoUpstream } from '../../src/demo/upstream.ts';

const image = buildDemoImage();
let upstream: DemoUpstream;

beforeAll(async () => {
  upstream = await startDemoUpstream(image, { latencyMs: 0, bytesPerSecond: Infinity });
});
afterAll(() => upstream.close());

describe('the upstream of the demo', () => {
  test('answers /v2/ without asking who is there', async () => {
    const res = await fetch(`${upstream.url}/v2/`);
    expect(res.status).toBe(200);
  });

  test('serves the index by tag, and says its digest', async () => {
    const res = await fetch(`${upstream.url}/v2/hello/manifests/latest`);
    expect(res.headers.get('content-type')).toBe('application/vnd.oci.image.index.v1+json');
    expect(res.headers.get('docker-content-digest')).toBe(image.index.digest);
    expect(digestOf(new Uint8Array(await res.arrayBuffer()))).toBe(image.index.digest);
  });

  test('serves every manifest and blob by digest', async () => {
    const paths = [
      ...image.manifests.map(({ digest }) => ['manifests', digest] as const),
      ...image.blobs.map(({ digest }) => ['blobs', digest] as const),
    ];
    for (const [endpoint, digest] of paths) {
      const res = await fetch(`${upstream.url}/v2/hello/${endpoint}/${digest}`);
      expect(digestOf(new Uint8Array(await res.arrayBuffer()))).toBe(digest);
    }
  });

  test('answers HEAD with the headers of GET and no body', async () => {
    const res = await fetch(`${upstream.url}/v2/hello/manifests/latest`, { method: 'HEAD' });
    expect(res.headers.get('content-length')).toBe(String(image.index.bytes.length));
    expect(await res.text()).toBe('');
  });

  test('lists its tag', async () => {
    const res = await fetch(`${upstream.url}/v2/hello/tags/list`);
    expect(await res.json()).toEqual({ name: 'hello', tags: ['latest'] });
  });

  test.each([
    ['another repository', '/v2/other/manifests/latest', 'NAME_UNKNOWN'],
    ['another tag', '/v2/hello/manifests/v2', 'MANIFEST_UNKNOWN'],
    ['another blob', `/v2/hello/blobs/sha256:${'0'.repeat(64)}`, 'BLOB_UNKNOWN'],
    ['the referrers of anything', `/v2/hello/referrers/sha256:${'0'.repeat(64)}`, 'NAME_UNKNOWN'],
  ])('answers 404 for %s', async (_, path, code) => {
    const res = await fetch(upstream.url + path);
    expect(res.status).toBe(404);
    expect(await res.json()).toMatchObject({ errors: [{ code }] });
  });

  test('counts requests, and the bytes of bodies', async () => {
    const before = upstream.traffic();
    await (await fetch(`${upstream.url}/v2/hello/manifests/latest`)).arrayBuffer();
    await fetch(`${upstream.url}/v2/hello/manifests/latest`, { method: 'HEAD' });
    const after = upstream.traffic();
    expect(after.requests - before.requests).toBe(2);
    expect(after.bodyBytes - before.bodyBytes).toBe(image.index.bytes.length);
  });
});

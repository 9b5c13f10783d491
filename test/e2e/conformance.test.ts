import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { closeAfterAll } from '../support/close-at-end.ts';
import { createCacheClient, type CacheClient } from './support/cache-client.ts';
import type { HttpAnswer } from './support/http-get.ts';
import type { ImageLayout } from './support/image-layout.ts';
import { startCacheProcess } from './support/running-cache.ts';
import { setScene, type Scene } from './support/scene.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const ACCEPT = { accept: MANIFEST };
const TAGS = ['a', 'b', 'c', 'v1'];
const UNKNOWN_DIGEST = `sha256:${createHash('sha256').update('held by nobody').digest('hex')}`;

/** @see OCI distribution-spec, "Error Codes" */
const ERROR_CODES = [
  'BLOB_UNKNOWN',
  'DIGEST_INVALID',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'TAG_INVALID',
  'UNSUPPORTED',
];

const own = closeAfterAll();
let scene: Scene;
let ask: CacheClient;

beforeAll(async () => {
  scene = own(await setScene('127.0.0.1'));
  for (const tag of TAGS) {
    await scene.quay.push(scene.quayImage, `org/image:${tag}`);
    await scene.dockerHub.push(scene.dockerHubImage, `org/image:${tag}`);
  }
  ask = createCacheClient(own(await startCacheProcess(scene.installation)));
});

// What OCI distribution-spec 1.1 asks of a registry in its workflow categories "Pull" and "Content Discovery".
describe.each([
  { registry: 'docker-registry 2.8', upstream: 'quay.io', image: 'quayImage', hasPages: false },
  { registry: 'distribution 3', upstream: 'docker.io', image: 'dockerHubImage', hasPages: true },
] as const)('in front of $registry the cache conforms', ({ upstream, image, hasPages }) => {
  const imageOf = (): ImageLayout => scene[image];
  const path = (endpoint: string): string => `/v2/${upstream}/org/image/${endpoint}`;
  const readBlob = (digest: string): Promise<Buffer> =>
    readFile(join(imageOf().transport.slice('oci:'.length), 'blobs', digest.replace(':', '/')));
  const head = (endpoint: string): Promise<HttpAnswer> => ask(path(endpoint), ACCEPT, 'HEAD');
  const get = (endpoint: string, headers: Record<string, string> = ACCEPT): Promise<HttpAnswer> =>
    ask(path(endpoint), headers);

  test('end-1: the API is there', async () => {
    expect((await ask('/v2/')).status).toBe(200);
  });

  describe('pulling manifests', () => {
    test.each([
      ['tag', () => 'v1'],
      ['digest', () => imageOf().digest],
    ])(
      'end-3: a manifest by %s is the manifest, with its type and digest, and HEAD says so',
      async (_by, of) => {
        const { digest } = imageOf();
        const answer = await get(`manifests/${of()}`);
        expect(answer.status).toBe(200);
        expect(answer.body.equals(await readBlob(digest))).toBe(true);
        const said = await head(`manifests/${of()}`);
        expect(said.status).toBe(200);
        expect(said.body).toHaveLength(0);
        for (const { headers } of [answer, said]) {
          expect(headers).toMatchObject({
            'content-type': MANIFEST,
            'content-length': String(answer.body.length),
            'docker-content-digest': digest,
          });
        }
      },
    );

    test.each([
      ['a tag that is not there', 'no-such-tag'],
      ['a tag of a form that is none', '.INVALID'],
      ['a digest that is not there', UNKNOWN_DIGEST],
    ])('%s is a 404 to GET and HEAD', async (_what, reference) => {
      const answer = await get(`manifests/${reference}`);
      expect(answer.status).toBe(404);
      expect(ERROR_CODES).toContain(errorCode(answer));
      expect((await head(`manifests/${reference}`)).status).toBe(404);
    });

    test('a digest that is none is an error of the specified form', async () => {
      const answer = await get('manifests/sha256:totallywrong');
      expect([400, 404]).toContain(answer.status);
      expect(ERROR_CODES).toContain(errorCode(answer));
    });
  });

  describe('pulling blobs', () => {
    test('end-2: every blob of the manifest is that blob, and HEAD says so', async () => {
      const { layerDigests } = imageOf();
      for (const digest of layerDigests) {
        const bytes = await readBlob(digest);
        const answer = await get(`blobs/${digest}`);
        expect(answer.status).toBe(200);
        expect(answer.body.equals(bytes)).toBe(true);
        const said = await head(`blobs/${digest}`);
        expect(said.status).toBe(200);
        for (const { headers } of [answer, said]) {
          expect(headers).toMatchObject({
            'content-length': String(bytes.length),
            'docker-content-digest': digest,
          });
        }
      }
    });

    test('a range is that range, and one behind the end is a 416', async () => {
      const digest = imageOf().layerDigests[1] ?? '';
      const bytes = await readBlob(digest);
      const part = await get(`blobs/${digest}`, { range: 'bytes=10-19' });
      expect([part.status, part.headers['content-range']]).toEqual([206, `bytes 10-19/${bytes.length}`]);
      expect(part.body.equals(bytes.subarray(10, 20))).toBe(true);
      const behind = await get(`blobs/${digest}`, { range: `bytes=${bytes.length}-` });
      expect([behind.status, behind.headers['content-range']]).toEqual([416, `bytes */${bytes.length}`]);
    });

    test('a blob that is not there is a 404 to GET and HEAD', async () => {
      const answer = await get(`blobs/${UNKNOWN_DIGEST}`);
      expect([answer.status, errorCode(answer)]).toEqual([404, 'BLOB_UNKNOWN']);
      expect((await head(`blobs/${UNKNOWN_DIGEST}`)).status).toBe(404);
    });

    test('a repository that is not there is a 404', async () => {
      const answer = await ask(`/v2/${upstream}/no/such/manifests/v1`, ACCEPT);
      expect(answer.status).toBe(404);
      expect(ERROR_CODES).toContain(errorCode(answer));
    });
  });

  describe('content discovery', () => {
    test('end-8a: all tags are listed', async () => {
      const answer = await get('tags/list');
      expect(answer.status).toBe(200);
      expect(new Set(tagsOf(answer))).toEqual(new Set(TAGS));
    });

    // Order and pages are the upstream's, and docker-registry 2.8 has neither.
    if (hasPages)
      test('end-8b: tags are in order, n limits them, last and Link go on with them', async () => {
        expect(tagsOf(await get('tags/list'))).toEqual(TAGS);
        const first = await get('tags/list?n=2');
        expect([first.status, tagsOf(first)]).toEqual([200, ['a', 'b']]);
        const next = /<([^>]+)>; ?rel="?next/.exec(String(first.headers['link']))?.[1] ?? '';
        expect(next).toContain(path('tags/list'));
        const { pathname, search } = new URL(next, 'https://cache');
        expect(tagsOf(await ask(`${pathname}${search}`))).toEqual(['c', 'v1']);
        expect(tagsOf(await get('tags/list?n=2&last=b'))).toEqual(['c', 'v1']);
        expect(tagsOf(await get('tags/list?last=c'))).toEqual(['v1']);
      });

    test('end-12a: referrers are an index, or a 404 that sends clients to the tag schema', async () => {
      const answer = await get(`referrers/${imageOf().digest}`);
      if (answer.status === 404) return expect(ERROR_CODES).toContain(errorCode(answer));
      expect([answer.status, answer.headers['content-type']]).toEqual([
        200,
        'application/vnd.oci.image.index.v1+json',
      ]);
      expect(jsonOf(answer)).toMatchObject({ schemaVersion: 2, manifests: [] });
    });
  });
});

function jsonOf(answer: HttpAnswer): unknown {
  return JSON.parse(answer.body.toString());
}

function tagsOf(answer: HttpAnswer): string[] {
  return (jsonOf(answer) as { tags: string[] }).tags;
}

function errorCode(answer: HttpAnswer): string | undefined {
  return (jsonOf(answer) as { errors: { code: string }[] }).errors[0]?.code;
}

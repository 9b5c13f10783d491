import { beforeAll, describe, expect, test } from 'vitest';
import { closeAfterAll } from '../support/close-at-end.ts';
import { httpGet, type HttpAnswer } from './support/http-get.ts';
import { startCacheProcess, type RunningCache } from './support/running-cache.ts';
import { setScene, type Scene } from './support/scene.ts';

// Where the client itself cannot be had everywhere, what it sends can.
describe('the URL of a pull', () => {
  const own = closeAfterAll();
  let scene: Scene;
  let cache: RunningCache;

  beforeAll(async () => {
    scene = own(await setScene('127.0.0.1'));
    cache = own(await startCacheProcess(scene.installation));
  });

  const get = (path: string): Promise<HttpAnswer> => {
    const { ca, username, password } = scene.installation;
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const accept = 'application/vnd.oci.image.manifest.v1+json';
    return httpGet(`https://${cache.address}${path}`, { ca, headers: { authorization, accept } });
  };

  test.each([
    ['podman, CRI-O, and containerd with override_path', '/v2/quay.io/org/image/manifests/v1'],
    ['a docker registry-mirror with a path', '/quay.io/v2/org/image/manifests/v1'],
    ["containerd's mirror of everything", '/v2/org/image/manifests/v1?ns=quay.io'],
  ])('as %s send it reaches the image', async (_client, path) => {
    const answer = await get(path);

    expect(answer.status).toBe(200);
    expect(answer.headers['docker-content-digest']).toBe(scene.quayImage.digest);
  });

  test('with a registry that is not cached is answered with those that are', async () => {
    const answer = await get('/v2/registry.example.com/org/image/manifests/v1');

    expect(answer.status).toBe(404);
    expect(answer.body.toString()).toMatch(/NAME_UNKNOWN.*quay\.io/su);
  });
});

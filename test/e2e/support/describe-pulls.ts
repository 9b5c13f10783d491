import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { closeAfterAll } from '../../support/close-at-end.ts';
import { createClientMachine, digestOfCopy, type ClientMachine } from './clients.ts';
import type { Installation } from './installation.ts';
import type { RunningCache } from './running-cache.ts';
import { setScene, type Scene } from './scene.ts';

export interface CacheUnderTest {
  /** Makes an address of this machine that the cache reaches. */
  openHost(): Promise<{ readonly address: string; close(): Promise<void> }>;
  start(installation: Installation): Promise<RunningCache>;
}

/** What real clients see, however the cache was started. The tests build on each other in their order. */
export function describePulls(name: string, underTest: CacheUnderTest): void {
  describe(name, () => {
    const own = closeAfterAll();
    let scene: Scene;
    let cache: RunningCache;
    let client: ClientMachine;

    beforeAll(async () => {
      const host = own(await underTest.openHost());
      scene = own(await setScene(host.address));
      cache = own(await underTest.start(scene.installation));
      client = await createClientMachine({ cache });
    });

    const quayImage = (): string => `${cache.address}/quay.io/org/image`;
    const dockerHubImage = (): string => `${cache.address}/docker.io/org/image`;
    const digestInStorage = async (image: string, by: ClientMachine): Promise<string> =>
      (await by.podman('image', 'inspect', '--format', '{{.Digest}}', image)).stdout.trim();

    test('a wrong password is refused in words that say so', async () => {
      const refused = await client.attemptPodman(
        'pull',
        ...client.pullFlags,
        '--creds',
        'registryuser:wrong',
        quayImage(),
      );

      expect(refused.exitCode).not.toBe(0);
      expect(refused.stderr).toMatch(/invalid username\/password|authentication required|unauthorized/u);
    });

    test('podman logs in and pulls an image of several layers, each blob of which the upstream sends once', async () => {
      await client.login();
      await client.podman('pull', ...client.pullFlags, `${quayImage()}:v1`);

      expect(await digestInStorage(`${quayImage()}:v1`, client)).toBe(scene.quayImage.digest);
      expect(await scene.quay.blobGets()).toBe(scene.quayImage.layerDigests.length + 1);
    });

    test('the second pull makes no blob request upstream', async () => {
      const before = await scene.quay.blobGets();
      const another = await createClientMachine({ cache });
      await another.login();
      await another.podman('pull', ...another.pullFlags, `${quayImage()}:v1`);

      expect(await digestInStorage(`${quayImage()}:v1`, another)).toBe(scene.quayImage.digest);
      expect(await scene.quay.blobGets()).toBe(before);
    });

    test('the same repository name at a registry with token authentication is another image', async () => {
      await client.podman('pull', ...client.pullFlags, `${dockerHubImage()}:v1`);

      expect(await digestInStorage(`${dockerHubImage()}:v1`, client)).toBe(scene.dockerHubImage.digest);
      expect(await digestInStorage(`${quayImage()}:v1`, client)).toBe(scene.quayImage.digest);
    });

    test('skopeo copies the image byte for byte', async () => {
      const folder = join(client.folder, 'copy');
      const [authFlag, authFile, , certs] = client.pullFlags;
      await client.skopeo(
        'copy',
        `${String(authFlag)}=${String(authFile)}`,
        `--src-cert-dir=${String(certs)}`,
        `docker://${quayImage()}:v1`,
        `dir:${folder}`,
      );

      expect(await digestOfCopy(folder)).toBe(scene.quayImage.digest);
    });

    test('crane pulls the image, and finds every digest right', async () => {
      await client.crane('pull', `${quayImage()}:v1`, join(client.folder, 'crane.tar'));
      const { stdout } = await client.crane('digest', `${quayImage()}:v1`);

      expect(stdout.trim()).toBe(scene.quayImage.digest);
      expect((await client.crane('validate', '--remote', `${quayImage()}:v1`)).stdout).toContain('PASS');
    });

    test('buildah builds from the image', async () => {
      const { stdout } = await client.buildah('from', ...client.pullFlags, `${dockerHubImage()}:v1`);

      expect(stdout.trim()).not.toBe('');
    });

    test('a machine that has the cache as its mirror pulls by the name of the registry itself', async () => {
      const registriesConf = `
        [[registry]]
        location = "quay.io"
        [[registry.mirror]]
        location = "${cache.address}/quay.io"
      `;
      const mirrored = await createClientMachine({ cache, registriesConf });
      await mirrored.login();
      await mirrored.podman('pull', ...mirrored.pullFlags, 'quay.io/org/image:v1');

      expect(await digestInStorage('quay.io/org/image:v1', mirrored)).toBe(scene.quayImage.digest);
    });

    test('with the upstream stopped the image is still pulled, by tag and by digest', async () => {
      await scene.quay.stop();
      await scene.dockerHub.stop();
      const offline = await createClientMachine({ cache });
      await offline.login();

      await offline.podman('pull', ...offline.pullFlags, `${quayImage()}:v1`);
      expect(await digestInStorage(`${quayImage()}:v1`, offline)).toBe(scene.quayImage.digest);
      await offline.podman('rmi', '--all', '--force');
      await offline.podman('pull', ...offline.pullFlags, `${quayImage()}@${scene.quayImage.digest}`);
      await offline.podman('pull', ...offline.pullFlags, `${dockerHubImage()}:v1`);
    });

    test('it stops without an error when it is told to', async () => {
      expect(await cache.stop()).toBe(0);
    });
  });
}

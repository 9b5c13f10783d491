import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { closeAfterAll, closeAtEnd } from '../support/close-at-end.ts';
import { createClientMachine, digestOfCopy } from './support/clients.ts';
import { eventually } from '../support/eventually.ts';
import type { ImageLayout } from './support/image-layout.ts';
import { startPlainRegistry } from './support/plain-registry.ts';
import { startCacheProcess } from './support/running-cache.ts';
import { run } from './support/run.ts';
import { setScene, type Scene } from './support/scene.ts';

describe('a data folder', () => {
  const own = closeAfterAll();
  let scene: Scene;
  const dataFolder = (): string => join(scene.installation.root, 'data');

  beforeAll(async () => {
    scene = own(await setScene('127.0.0.1'));
  });

  /** Pulls by skopeo from a registry without users, and resolves with the manifest's digest. */
  const pullPlainly = async (image: string, name: string): Promise<string> => {
    const copy = join(scene.installation.root, name);
    await run('skopeo', ['copy', '--src-tls-verify=false', `docker://${image}`, `dir:${copy}`]);
    return digestOfCopy(copy);
  };

  /** Whether config and layers of an image are published blobs of the data folder. */
  const holdsBlobsOf = ({ configDigest, layerDigests }: ImageLayout): boolean =>
    [configDigest, ...layerDigests]
      .map((digest) => digest.replace('sha256:', ''))
      .map((hex) => join('docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data'))
      .every((path) => existsSync(join(dataFolder(), path)));

  test('that docker-registry filled as a pull-through cache is adopted: its blobs are not fetched again', async () => {
    // Its client knows only token authentication.
    const folder = join(scene.installation.root, 'predecessor');
    const before = closeAtEnd(
      await startPlainRegistry({ folder, dataFolder: dataFolder(), proxyOf: scene.dockerHub }),
    );
    // It stores a blob beside the answer, which may end first, and at times not at all: then the next pull does.
    await eventually('docker-registry has stored the image', async () => {
      await pullPlainly(`${before.address}/org/image:v1`, 'by-predecessor');
      return holdsBlobsOf(scene.dockerHubImage);
    });
    await before.close();
    const blobGets = await scene.dockerHub.blobGets();

    const cache = closeAtEnd(await startCacheProcess(scene.installation));
    const client = await createClientMachine({ cache });
    await client.login();
    await client.podman('pull', ...client.pullFlags, `${cache.address}/docker.io/org/image:v1`);
    await cache.stop();

    expect(blobGets).toBeGreaterThan(0);
    expect(await scene.dockerHub.blobGets()).toBe(blobGets);
  });

  test('of this cache is served by a plain docker-registry, each image under its registry name', async () => {
    const cache = closeAtEnd(await startCacheProcess(scene.installation));
    const client = await createClientMachine({ cache });
    await client.login();
    await client.crane('validate', '--remote', `${cache.address}/quay.io/org/image:v1`);
    await client.crane('validate', '--remote', `${cache.address}/docker.io/org/image:v1`);
    await cache.stop();

    const folder = join(scene.installation.root, 'successor');
    const successor = closeAtEnd(await startPlainRegistry({ folder, dataFolder: dataFolder() }));
    const fromQuay = await pullPlainly(`${successor.address}/quay.io/org/image:v1`, 'plain-quay');
    const fromDockerHub = await pullPlainly(
      `${successor.address}/docker.io/org/image:v1`,
      'plain-docker-hub',
    );

    expect(fromQuay).toBe(scene.quayImage.digest);
    expect(fromDockerHub).toBe(scene.dockerHubImage.digest);
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { listChildren } from '../support/cache/process-tree.ts';
import { closeAfterAll, closeAtEnd } from '../support/close-at-end.ts';
import { startBreakingWire, type BreakingWire } from './support/breaking-wire.ts';
import { createClientMachine, digestOfCopy } from './support/clients.ts';
import { startContainerd } from './support/containerd.ts';
import { writeImageLayout, type ImageLayout } from './support/image-layout.ts';
import { prepareInstallation } from './support/installation.ts';
import { run } from './support/run.ts';
import { startCacheProcess, type CacheProcess } from './support/running-cache.ts';
import { setScene, type Scene } from './support/scene.ts';

const MIB = 1024 * 1024;
const LAYER_BYTES = 24 * MIB;
/** Further than containers/image must have come before it tries again, and with more of the layer ahead than buffers hold. */
const BREAK_AT_BYTES = 8 * MIB;
/** A layer that was transferred again from its beginning would be more than this. */
const MOST_BYTES = LAYER_BYTES + BREAK_AT_BYTES / 2;

describe('a pull that breaks in the middle of a layer', () => {
  const own = closeAfterAll();
  let scene: Scene;
  let cache: CacheProcess;
  let toUpstream: BreakingWire;
  let toCache: BreakingWire;

  beforeAll(async () => {
    scene = own(await setScene('127.0.0.1'));
    toUpstream = own(await startBreakingWire(scene.quay.address));
    const root = await mkdtemp(join(tmpdir(), 'registry-cache-e2e-'));
    own({ close: () => rm(root, { recursive: true }) });
    const upstreams = { 'quay.io': { ...scene.quay, url: `http://${toUpstream.address}` } };
    cache = own(await startCacheProcess(await prepareInstallation({ root, upstreams })));
    toCache = own(await startBreakingWire(cache.address));
  });

  const pushLargeImage = async (name: string): Promise<ImageLayout> => {
    const image = await writeImageLayout(join(scene.installation.root, name), [LAYER_BYTES]);
    await scene.quay.push(image, `org/${name}:v1`);
    return image;
  };

  /** By the library that podman, CRI-O, skopeo and buildah pull with. Resolves with the digest of the manifest. */
  const pullByContainersImage = async (address: string, name: string): Promise<string> => {
    const { root, clientCertFolder, username, password } = cache.installation;
    const copy = await mkdtemp(join(root, 'copy-'));
    const image = `${address}/quay.io/org/${name}:v1`;
    await run('copy-image', [clientCertFolder, `${username}:${password}`, image, copy]);
    return digestOfCopy(copy);
  };

  const pullByContainerd = async (address: string, name: string): Promise<string[]> => {
    const containerd = closeAtEnd(await startContainerd(cache.installation, address));
    await containerd.fetch(`quay.io/org/${name}:v1`);
    return containerd.digests();
  };

  const killWorkers = async (): Promise<void> => {
    const workers = (await listChildren(cache.pid)).filter(({ name }) => name === 'worker');
    for (const { pid } of workers) process.kill(pid, 'SIGKILL');
  };

  test('between upstream and cache is not noticed by podman, and costs no second transfer', async () => {
    const image = await pushLargeImage('upstream-podman');
    const client = await createClientMachine({ cache });
    await client.login();
    const before = toUpstream.bytesReceived;
    const cut = toUpstream.cutAfter(BREAK_AT_BYTES);

    const name = `${cache.address}/quay.io/org/upstream-podman:v1`;
    await client.podman('pull', ...client.pullFlags, name);
    const inspected = await client.podman('image', 'inspect', '--format', '{{.Digest}}', name);
    expect(inspected.stdout.trim()).toBe(image.digest);
    await cut;
    expect(toUpstream.bytesReceived - before).toBeLessThan(MOST_BYTES);
  });

  test('between upstream and cache is not noticed by crane, which never asks twice', async () => {
    await pushLargeImage('upstream-crane');
    const client = await createClientMachine({ cache });
    await client.login();
    const cut = toUpstream.cutAfter(BREAK_AT_BYTES);

    const image = `${cache.address}/quay.io/org/upstream-crane:v1`;
    expect((await client.crane('validate', '--remote', image)).stdout).toContain('PASS');
    await cut;
  });

  test('between cache and client goes on from the byte that containers/image has', async () => {
    const image = await pushLargeImage('cache-containers-image');
    const before = toCache.bytesReceived;
    const cut = toCache.cutAfter(BREAK_AT_BYTES);

    expect(await pullByContainersImage(toCache.address, 'cache-containers-image')).toBe(image.digest);
    await cut;
    expect(toCache.bytesReceived - before).toBeLessThan(MOST_BYTES);
  });

  test('between cache and client goes on from the byte that containerd has', async () => {
    const image = await pushLargeImage('cache-containerd');
    const before = toCache.bytesReceived;
    const cut = toCache.cutAfter(BREAK_AT_BYTES);

    expect(await pullByContainerd(toCache.address, 'cache-containerd')).toEqual(
      expect.arrayContaining([image.digest, ...image.layerDigests]),
    );
    await cut;
    expect(toCache.bytesReceived - before).toBeLessThan(MOST_BYTES);
  });

  test('because a process of the cache dies goes on from the byte that containers/image has', async () => {
    const image = await pushLargeImage('killed-containers-image');
    const before = toCache.bytesReceived;
    const killed = toCache.after(BREAK_AT_BYTES, killWorkers);

    expect(await pullByContainersImage(toCache.address, 'killed-containers-image')).toBe(image.digest);
    await killed;
    expect(toCache.bytesReceived - before).toBeLessThan(MOST_BYTES);
  });

  test('because a process of the cache dies goes on from the byte that containerd has', async () => {
    const image = await pushLargeImage('killed-containerd');
    const before = toCache.bytesReceived;
    const killed = toCache.after(BREAK_AT_BYTES, killWorkers);

    expect(await pullByContainerd(toCache.address, 'killed-containerd')).toContain(image.digest);
    await killed;
    expect(toCache.bytesReceived - before).toBeLessThan(MOST_BYTES);
  });
});

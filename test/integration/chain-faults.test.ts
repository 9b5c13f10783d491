import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { measureProcesses } from '../support/cache/process-resources.ts';
import type { ChildName } from '../support/cache/process-tree.ts';
import type { RunningCache } from '../support/cache/running-cache.ts';
import { startCache } from '../support/cache/start-cache.ts';
import { createCertificateAuthority } from '../support/certificates.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { createLoginClient, type Login, type LoginClient } from '../support/client/login-client.ts';
import { blobPath, pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { addPeople, addPrivateImage, ALICE, BOB, CAROL } from '../support/origin/people.ts';
import { startOrigin } from '../support/origin/start-origin.ts';

const IMAGES = 3;
/** Connections that are kept for the next request. */
const MORE_DESCRIPTORS = 16;
const MORE_RESIDENT_BYTES = 96 * 1024 * 1024;

const closeLater = closeAfterAll();
const ca = await createCertificateAuthority();
const origin = closeLater(await startOrigin({ tls: await ca.issue() }));
addPeople(origin);
const ORIGIN = 'origin.example.com';
const toOrigin = { url: origin.origin, authorization: 'origin', default: true, tagttl: '0s' } as const;
const startNeighbour = async (): Promise<RunningCache> =>
  closeLater(await startCache({ ca, upstreams: { [ORIGIN]: toOrigin } }));
const [left, right] = await Promise.all([startNeighbour(), startNeighbour()]);
const caches = [left.origin, right.origin];
const edge = closeLater(await startCache({ ca, upstreams: { [ORIGIN]: { ...toOrigin, caches } } }));

function loginClient(cache: RunningCache, login: Login): LoginClient {
  return closeLater(createLoginClient({ origin: cache.origin, ca: ca.certificate }, login));
}

/** `kill -9` of one process after another, each when the last one is back, until the work is done. */
async function killDuring(work: Promise<unknown>): Promise<number> {
  let done = false;
  const end = work.finally(() => (done = true));
  end.catch(() => {});
  let kills = 0;
  while (!done) {
    const cache = kills % 2 === 0 ? left : right;
    const name: ChildName = kills % 4 < 2 ? 'worker' : 'proxy';
    const killed = await cache.kill(name);
    kills++;
    await eventually(`another ${name} runs`, async () =>
      (await cache.children()).some((child) => child.name === name && !killed.includes(child.pid)),
    );
  }
  await end;
  return kills;
}

test('cold pulls do without neighbours that are killed again and again', { timeout: 60_000 }, async () => {
  const clients = [ALICE, ALICE, CAROL, CAROL].map((login) => loginClient(edge, login));
  const warmUp = addPrivateImage(origin, 'warm-up', { layers: [2_000_000] });
  await Promise.all(clients.map((client) => cacheImage(client, warmUp.repository, 'v1')));
  const before = await measureProcesses(edge);

  const images = Array.from({ length: IMAGES }, (_, index) =>
    addPrivateImage(origin, `while-killed-${index}`, { layers: [2_000_000, 300_000, 1_000] }),
  );
  const pullAll = async (client: LoginClient, first: number): Promise<void> => {
    for (const image of [...images.slice(first), ...images.slice(0, first)]) {
      await pullImage(client, image.repository, 'v1');
    }
  };
  expect(await killDuring(Promise.all(clients.map(pullAll)))).toBeGreaterThan(1);

  for (const { name, descriptors, residentBytes } of before) {
    await eventually(`the ${name} holds what it held before`, async () => {
      const after = (await measureProcesses(edge)).find((each) => each.name === name);
      return (
        after !== undefined &&
        after.descriptors <= descriptors + MORE_DESCRIPTORS &&
        after.residentBytes <= residentBytes + MORE_RESIDENT_BYTES
      );
    });
  }
  await eventually('nothing is left of the fills', async () => {
    return (await readdir(join(edge.folder.data, 'registry-cache/fills', ORIGIN))).length === 0;
  });
});

test('afterwards each neighbour serves by itself, and nobody who may not pull', async () => {
  for (const neighbour of [left, right]) {
    const image = addPrivateImage(origin, `recovered-${neighbour.port}`);
    const alice = loginClient(neighbour, ALICE);
    await eventually('the neighbour serves', async () => {
      const [tag] = await Promise.allSettled([alice.get(`/v2/${image.repository}/manifests/v1`)]);
      return tag.status === 'fulfilled' && tag.value.status === 200;
    });
    await cacheImage(alice, image.repository, 'v1');
    const refused = await loginClient(neighbour, BOB).get(blobPath(image.repository, image.layerDigest));
    expect(refused.status).toBe(403);
    const { exitCode, stdout, stderr } = await neighbour.run(['check', '--store']);
    expect(exitCode, stdout + stderr).toBe(0);
  }
});

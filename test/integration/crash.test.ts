import { digestOf } from '@registry-cache/oci';
import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { isRunning, type ChildName } from '../support/cache/process-tree.ts';
import { blobPath, pullImage } from '../support/client/pull-image.ts';
import { receive, type Received } from '../support/client/registry-client.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { createGate } from '../support/gate.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { stallAfter } from '../support/upstream/behaviours.ts';

const { upstream, cache } = await startCachedUpstream(closeAfterAll());

/** Kills a process while a client is in the middle of a cold blob, and waits until another one is in its place. */
async function killDuringPull(name: ChildName): Promise<Received> {
  const image = addColdImage(upstream, `killed-${name}`, { layers: [2_000_000] });
  const gate = createGate();
  const stopStalling = upstream.misbehave(
    { path: new RegExp(image.layerDigest) },
    stallAfter(1_000_000, gate.opened),
  );
  const response = await cache.client().open('GET', blobPath(image.name, image.layerDigest));
  const received = receive('layer', response);
  const pids = await cache.kill(name);
  expect(pids).not.toEqual([]);
  await eventually(`another ${name} runs`, async () =>
    (await cache.children()).some((child) => child.name === name && !pids.includes(child.pid)),
  );
  gate.open();
  stopStalling();
  return received;
}

test.each<[ChildName]>([['logger'], ['cleaner']])('a pull goes on when the %s is killed', async (name) => {
  const received = await killDuringPull(name);
  expect(received).toMatchObject({ status: 200, complete: true });
});

test.each<[ChildName]>([['worker'], ['proxy']])('a pull ends short when the %s is killed', async (name) => {
  const received = await killDuringPull(name);
  expect(received).toMatchObject({ status: 200, complete: false });
});

test.each<[ChildName]>([['logger'], ['cleaner'], ['worker'], ['proxy']])(
  'the image that was being pulled when the %s died is pulled again',
  async (name) => {
    const image = addColdImage(upstream, `killed-${name}`, { layers: [2_000_000] });
    await eventually(
      'the proxy is back',
      async () => (await attempt(cache.client().get('/readyz')))?.status === 200,
    );
    const pull = await pullImage(cache.client(), image.name, 'v1');
    expect(pull.blobs[0]?.digest).toBeDefined();
  },
);

test('a request that comes while the worker restarts waits for it', async () => {
  const image = addColdImage(upstream, 'while-restarting');
  await cache.kill('worker');
  await expect(pullImage(cache.client(), image.name, 'v1')).resolves.toBeDefined();
});

test('a client goes on from where the connection broke', async () => {
  const image = addColdImage(upstream, 'resumed', { layers: [8_000_000] });
  const path = blobPath(image.name, image.layerDigest);
  const gate = createGate();
  const stopStalling = upstream.misbehave(
    { path: new RegExp(image.layerDigest) },
    stallAfter(2_000_000, gate.opened),
  );
  const broken = receive(path, await cache.client().open('GET', path));
  await eventually(
    'bytes were sent',
    () => upstream.blobRequests(image.layerDigest)[0]?.bytesSent === 2_000_000,
  );
  await cache.kill('worker');
  const { bytes: begin, complete } = await broken;
  expect(complete).toBe(false);
  stopStalling();
  const rest = await cache.client().get(path, { headers: { range: `bytes=${begin.length}-` } });
  expect(rest.status).toBe(206);
  expect(rest.headers['content-range']).toBe(`bytes ${begin.length}-7999999/8000000`);
  expect(Buffer.concat([...image.layer.read(0, begin.length)]).equals(begin)).toBe(true);
  expect(rest.digest).toBe(digestOf(Buffer.concat([...image.layer.read(begin.length)])));
});

test('pulls that are tried again survive a worker that dies again and again', async () => {
  const images = Array.from({ length: 3 }, (_, index) =>
    addColdImage(upstream, `dying-${index}`, { layers: [2_000_000] }),
  );
  const pulls = images.map((image) =>
    eventually(`${image.name} is pulled`, () => attempt(pullImage(cache.client(), image.name, 'v1'))),
  );
  for (const image of images) {
    await eventually('the image is asked for', () => upstream.blobRequests(image.layerDigest).length > 0);
    await cache.kill('worker');
  }
  await expect(Promise.all(pulls)).resolves.toHaveLength(3);
});

test('the store holds what its digests say', async () => {
  const { exitCode, stdout, stderr } = await cache.run(['check', '--store']);
  expect(exitCode, stdout + stderr).toBe(0);
});

test('every process ends when the supervisor is killed', async () => {
  await pullImage(cache.client(), addColdImage(upstream, 'orphaned').name, 'v1');
  const children = await cache.children();
  expect(new Set(children.map(({ name }) => name))).toEqual(
    new Set(['logger', 'worker', 'proxy', 'cleaner']),
  );
  process.kill(cache.pid, 'SIGKILL');
  await eventually('no process is left', () => children.every(({ pid }) => !isRunning(pid)));
});

/** Undefined where it fails: there is another attempt. */
async function attempt<T>(pull: Promise<T>): Promise<T | undefined> {
  const [result] = await Promise.allSettled([pull]);
  return result.status === 'fulfilled' ? result.value : undefined;
}

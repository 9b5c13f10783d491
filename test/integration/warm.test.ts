import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import {
  createControlClient,
  type ControlClient,
  type Status,
  type WarmEvent,
  type WarmRequest,
} from '@registry-cache/control';
import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { createCertificateAuthority } from '../support/certificates.ts';
import type { RunningCache } from '../support/cache/running-cache.ts';
import { startCache } from '../support/cache/start-cache.ts';
import { getBlob, getManifest, pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll, closeAtEnd } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { createGate } from '../support/gate.ts';
import { addColdImage, type ColdImage } from '../support/image/cold-image.ts';
import { buildImage } from '../support/image/build-image.ts';
import { fail, stallAfter } from '../support/upstream/behaviours.ts';
import { startUpstream } from '../support/upstream/start-upstream.ts';

const { upstream, cache, client } = await startCachedUpstream(closeAfterAll());
const { signal } = new AbortController();

function controlOf({ folder }: RunningCache, until = signal): ControlClient {
  return createControlClient({ socketPath: join(folder.run, 'control.sock'), signal: until });
}

function warming(
  images: readonly string[],
  options: Partial<WarmRequest> & { readonly until?: AbortSignal } = {},
): AsyncGenerator<WarmEvent> {
  const { until, ...request } = options;
  return controlOf(cache, until).follow('POST', '/api/v1/warm', { images, concurrency: 2, ...request });
}

async function warm(images: readonly string[], options?: Partial<WarmRequest>): Promise<WarmEvent[]> {
  const events: WarmEvent[] = [];
  for await (const event of warming(images, options)) if (event.type !== 'progress') events.push(event);
  return events;
}

// The process that answers operators sleeps until somebody knocks.
await eventually('the control socket is served', async () => {
  const lock = connect(join(cache.folder.run, 'supervisor.sock'));
  await once(lock.resume(), 'close');
  return controlOf(cache)
    .ask('GET', '/api/v1/status')
    .then(
      () => true,
      () => false,
    );
});

const imageOf = ({ name, tag }: ColdImage): string => `${name}:${tag}`;

const asksFor = (repository: string): number =>
  upstream.requests.filter(({ path }) => path.startsWith(`/v2/${repository}/`)).length;

test('an image is warmed for one platform, and a pull of that asks the upstream for nothing', async () => {
  const image = addColdImage(upstream, 'warm-platform', { platforms: ['linux/amd64', 'linux/arm64'] });
  const events = await warm([imageOf(image)], { platforms: ['linux/arm64'] });
  expect(events).toEqual([
    { type: 'started', image: imageOf(image) },
    expect.objectContaining({ type: 'done', image: imageOf(image), digest: image.root.digest }),
  ]);
  const [amd64, arm64] = image.platforms;
  const layersOf = (platform: typeof amd64): number =>
    (platform?.layers ?? []).reduce((sum, { digest }) => sum + upstream.blobRequests(digest).length, 0);
  expect([layersOf(amd64), layersOf(arm64)]).toEqual([0, arm64?.layers.length]);

  const before = asksFor(image.repository);
  for (const { digest } of [arm64?.config, ...(arm64?.layers ?? [])].flatMap((blob) => blob ?? [])) {
    const { headers } = await getBlob(client, image.name, digest);
    expect(headers['cache-status']).toBe('registry-cache; hit');
  }
  expect(asksFor(image.repository)).toBe(before);
});

test('what is warm already is not fetched again', async () => {
  const image = addColdImage(upstream, 'warm-twice');
  const [, first] = await warm([imageOf(image)]);
  const [, second] = await warm([imageOf(image)]);
  if (first?.type !== 'done' || second?.type !== 'done') throw new Error('expected both to be done');
  expect(first.bytesFetched).toBe(first.bytesTotal);
  expect(second).toMatchObject({ bytesFetched: 0, bytesTotal: first.bytesTotal });
});

test('an image that the upstream does not have fails, and the others are warmed', async () => {
  const image = addColdImage(upstream, 'warm-others');
  const events = await warm(['quay.io/cold/warm-none:v1', imageOf(image)]);
  expect(events).toContainEqual({
    type: 'failed',
    image: 'quay.io/cold/warm-none:v1',
    problem: 'the upstream has no such image',
  });
  expect(events).toContainEqual(expect.objectContaining({ type: 'done', image: imageOf(image) }));
});

test('a pattern warms the tags that match, and no others', async () => {
  for (const tag of ['1.0', '1.1', '2.0']) {
    upstream.addImage('cold/warm-tags', tag, buildImage({ seed: `warm ${tag}`, layers: [1000] }));
  }
  const done = (await warm(['quay.io/cold/warm-tags:1.*'])).filter(({ type }) => type === 'done');
  expect(done.map(({ image }) => image).toSorted()).toEqual([
    'quay.io/cold/warm-tags:1.0',
    'quay.io/cold/warm-tags:1.1',
  ]);
});

test('a job goes on when its worker is killed, from what is on disk', async () => {
  const image = addColdImage(upstream, 'warm-killed', { layers: [6_000_000] });
  const gate = createGate();
  const behaveAgain = upstream.misbehave(
    { method: 'GET', path: new RegExp(image.layerDigest) },
    stallAfter(4_000_000, gate.opened),
  );
  const warmed = warm([imageOf(image)]);
  await eventually('much of it is on disk', async () => (await unfinishedBytes()) >= 3_900_000);
  await cache.kill('worker');
  behaveAgain();
  gate.open();
  expect((await warmed).at(-1)).toMatchObject({ type: 'done' });
  const ranges = upstream.blobRequests(image.layerDigest).map(({ headers }) => headers['range']);
  expect(ranges.at(-1)).toMatch(/^bytes=[34]\d{6}-$/);
});

async function unfinishedBytes(): Promise<number> {
  const folder = join(cache.folder.data, 'registry-cache/fills/quay.io');
  const sizeOf = async (name: string): Promise<number> => {
    // It may be published in this moment.
    const file = await stat(join(folder, name)).catch(() => undefined);
    return file?.size ?? 0;
  };
  return Math.max(0, ...(await Promise.all((await readdir(folder)).map(sizeOf))));
}

test('a client pulls at once what is warmed at a byte per second', async () => {
  const image = addColdImage(upstream, 'warm-slowly', { layers: [12_000_000] });
  await getManifest(client, image.name, image.tag);
  const leaving = new AbortController();
  const events = warming([imageOf(image)], { bytesPerSecond: 1, until: leaving.signal });
  await events.next();
  await eventually('it is being fetched', () => upstream.blobRequests(image.layerDigest).length > 0);
  const { warming: jobs } = await controlOf(cache).ask<Status>('GET', '/api/v1/status');
  expect(jobs).toContainEqual(expect.objectContaining({ image: imageOf(image), state: 'running' }));

  await expect(pullImage(client, image.name, image.tag)).resolves.toBeDefined();
  expect(upstream.blobRequests(image.layerDigest)).toHaveLength(1);
  leaving.abort();
  await eventually('the job is gone', async () => {
    const { warming: left } = await controlOf(cache).ask<Status>('GET', '/api/v1/status');
    return left.length === 0;
  });
});

test('a request that makes no sense is refused with a sentence', async () => {
  await expect(warm(['quay.io/NO'])).rejects.toThrow(/invalid image name "quay\.io\/NO"/);
});

test('what the configuration says is warmed without being asked for, and what fails is logged once', async () => {
  const ca = await createCertificateAuthority();
  const registry = closeAtEnd(await startUpstream({ tls: await ca.issue() }));
  // What is not there yet would be remembered as missing.
  const image = addColdImage(registry, 'warm-rule');
  registry.misbehave({ path: /warm-missing/ }, fail(404));
  const scheduled = await startCache({
    ca,
    upstreams: { 'quay.io': { url: registry.origin } },
    config: {
      warm: {
        every: '1s',
        bandwidth: '100M',
        platforms: ['linux/amd64'],
        images: ['quay.io/cold/warm-rule:v*', { image: 'quay.io/cold/warm-missing', tags: ['v1'] }],
      },
    },
  });
  closeAtEnd(scheduled);
  const lines = (): string[] =>
    scheduled.log.lines
      .filter(({ msg }) => msg.startsWith('images '))
      .map(({ msg, image: of }) => `${msg}: ${String(of)}`);
  await eventually('it is warm', () => lines().includes('images warmed: quay.io/cold/warm-rule:v*'));
  const { warming: jobs } = await eventually('both have run', async () => {
    const status = await controlOf(scheduled).ask<Status>('GET', '/api/v1/status');
    return (
      status.warming.every(({ nextAtMs, state }) => nextAtMs !== undefined && state !== 'waiting') && status
    );
  });
  expect(jobs.map(({ image: of, problem }) => [of, problem])).toEqual([
    ['quay.io/cold/warm-rule:v*', undefined],
    ['quay.io/cold/warm-missing:v1', 'the upstream has no such image'],
  ]);
  const missingAgainAtMs = async (): Promise<number> => {
    const status = await controlOf(scheduled).ask<Status>('GET', '/api/v1/status');
    return status.warming.find(({ problem }) => problem !== undefined)?.nextAtMs ?? 0;
  };
  const firstAgainAtMs = await missingAgainAtMs();
  await eventually('it was tried again', async () => (await missingAgainAtMs()) > firstAgainAtMs + 1000);
  expect(lines().filter((line) => line.includes('warm-missing'))).toHaveLength(1);

  const asked = registry.blobRequests(image.layerDigest).length;
  await pullImage(scheduled.client(), image.name, image.tag);
  expect(registry.blobRequests(image.layerDigest)).toHaveLength(asked);
});

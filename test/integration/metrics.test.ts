import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { startCachedUpstream, type CachedUpstream } from '../support/cached-upstream.ts';
import { samplesOf, scrapeMetrics, type Samples } from '../support/cache/scrape-metrics.ts';
import { blobPath, pullImage } from '../support/client/pull-image.ts';
import { receive, type Received, type RegistryClient } from '../support/client/registry-client.ts';
import { closeAfterAll, closeAtEnd, type CloseLater } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { findFreePort } from '../support/free-port.ts';
import { createGate } from '../support/gate.ts';
import { addColdImage, type ColdImage } from '../support/image/cold-image.ts';
import { resetAfter, stallAfter } from '../support/upstream/behaviours.ts';

vi.setConfig({ testTimeout: 120_000 });

const SAVING: readonly unknown[] = ['hit', 'revalidated', 'stale', 'collapsed'];
const REQUESTS = ['requests_total', 'client_bytes_total', 'saved_bytes_total', 'refused_requests_total'];
const FROM_UPSTREAM = ['upstream_bytes_total', 'upstream_requests_total'];
const FILLS = ['fills_total', 'fill_bytes_total'];

interface MeasuredCache extends CachedUpstream {
  readonly scrape: () => Promise<Samples>;
  /** Resolves when these metrics say just that; rejects with what they say when they do not in time. */
  readonly settle: (expected: Samples, ...metrics: readonly string[]) => Promise<void>;
}

async function startMeasuredCache(
  closeLater: CloseLater,
  config: Record<string, unknown> = {},
): Promise<MeasuredCache> {
  const address = `127.0.0.1:${await findFreePort()}`;
  const started = await startCachedUpstream(closeLater, {
    config,
    env: { REGISTRY_HTTP_DEBUG_ADDR: address },
    entry: { tagttl: '10m' },
  });
  const scrape = (): Promise<Samples> => scrapeMetrics(address);
  await eventually('metrics are served', () => scrape().catch(() => undefined));
  return { ...started, ...measuredBy(scrape) };
}

function measuredBy(scrape: MeasuredCache['scrape']): Pick<MeasuredCache, 'scrape' | 'settle'> {
  const settle: MeasuredCache['settle'] = async (expected, ...metrics) => {
    const seen = async (): Promise<Samples> => samplesOf(await scrape(), ...metrics);
    await expect.poll(seen, { interval: 100, timeout: 15_000 }).toEqual(expected);
  };
  return { scrape, settle };
}

/** As if the cache had started just now: what it has counted before is not seen, and its client is another one. */
async function startMeasuring(cache: MeasuredCache): Promise<MeasuredCache> {
  const before = await cache.scrape();
  const scrape = async (): Promise<Samples> => {
    const seen = await cache.scrape();
    return Object.fromEntries(
      Object.entries(seen).map(([series, value]) => [series, value - (before[series] ?? 0)]),
    );
  };
  cache.upstream.forgetRequests();
  return { ...cache, client: cache.cache.client(), ...measuredBy(scrape) };
}

/** What the proxy must have counted of answers, by what their client has got of them. */
function countsOf(answers: readonly Received[]): Samples {
  const counts: Record<string, number> = {};
  const add = (series: string, by: number): void => {
    if (by !== 0) counts[series] = (counts[series] ?? 0) + by;
  };
  for (const { path, status, outcome = 'error', sizeBytes } of answers) {
    const kind = /\/(manifest|blob|tags|referrers)s?\//.exec(path)?.[1] ?? 'none';
    add(`requests_total{upstream="quay.io",kind="${kind}",outcome="${outcome}",status="${status}"}`, 1);
    add(`client_bytes_total{upstream="quay.io",outcome="${outcome}"}`, sizeBytes);
    if (SAVING.includes(outcome)) add('saved_bytes_total{upstream="quay.io"}', sizeBytes);
  }
  return counts;
}

/** What the worker must have counted of its upstream, by what that has sent. */
function countsOfUpstream({ upstream }: CachedUpstream): Samples {
  const counts: Record<string, number> = {};
  for (const { status, bytesSent } of upstream.requestsTo({})) {
    const requests = `upstream_requests_total{upstream="quay.io",status="${status}"}`;
    counts[requests] = (counts[requests] ?? 0) + 1;
    const bytes = 'upstream_bytes_total{upstream="quay.io"}';
    if (status === 200 || status === 206) counts[bytes] = (counts[bytes] ?? 0) + bytesSent;
  }
  return counts;
}

async function pullAll(client: RegistryClient, { name }: ColdImage): Promise<Received[]> {
  const { manifests, blobs } = await pullImage(client, name, 'v1');
  return [...manifests, ...blobs];
}

function sizeOf(answers: readonly Received[]): number {
  return answers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

describe('a cache that goes on', () => {
  const closeLater = closeAfterAll();
  let started: MeasuredCache;
  let cache: MeasuredCache;

  beforeAll(async () => {
    started = await startMeasuredCache(closeLater);
  });

  beforeEach(async () => {
    cache = await startMeasuring(started);
  });

  test('every answer of a known sequence of pulls is counted once, and every byte', async () => {
    const { client, upstream, settle } = cache;
    const image = addColdImage(upstream, 'counted', { layers: [300_000, 1] });
    const manifest = `/v2/${image.name}/manifests/v1`;
    const layer = blobPath(image.name, image.layerDigest);

    const cold = await pullAll(client, image);
    expect(new Set(cold.map(({ outcome }) => outcome))).toEqual(new Set(['miss']));
    await settle(
      {
        'fills_total{upstream="quay.io",end="stored"}': cold.filter(({ path }) => path.includes('/blobs/'))
          .length,
        'fill_bytes_total{upstream="quay.io"}': sizeOf(cold),
      },
      ...FILLS,
    );
    const answers = [
      ...cold,
      ...(await pullAll(client, image)),
      await client.head(manifest),
      await client.head(layer),
      await client.get(manifest, { headers: { 'if-none-match': `"${cold[0]?.digest}"` } }),
      await client.get(layer, { headers: { range: 'bytes=1000-1999' } }),
      await client.get(layer, { headers: { range: 'bytes=0-9,20-29' } }),
      await client.get(layer, { headers: { range: 'bytes=300000-' } }),
      await client.get(`/v2/${image.name}/tags/list`),
      await client.get(`/v2/${image.name}/manifests/missing`),
      await client.get(blobPath(image.name, `sha256:${'0'.repeat(64)}`)),
    ];
    expect(answers.slice(-9).map(({ status }) => status)).toEqual([
      200, 200, 304, 206, 206, 416, 200, 404, 404,
    ]);
    // More than a proxy asks its worker about.
    for (let times = 0; times < 50; times++) answers.push(await client.get(manifest));
    expect((await client.get('/v2/gcr.io/a/b/manifests/v1')).status).toBe(404);
    await settle({ ...countsOf(answers), 'refused_requests_total{code="NAME_UNKNOWN"}': 1 }, ...REQUESTS);
    await settle(countsOfUpstream(cache), ...FROM_UPSTREAM);
  });

  test('a herd is counted as one fill that the others joined, and as one transfer', async () => {
    const { client, upstream, settle, scrape } = cache;
    const image = addColdImage(upstream, 'joined', { layers: [500_000] });
    const layer = blobPath(image.name, image.layerDigest);
    const gate = createGate();
    upstream.misbehave({ path: new RegExp(image.layerDigest) }, stallAfter(100_000, gate.opened));
    const heads = [];
    for (let clients = 0; clients < 4; clients++) heads.push(await client.open('GET', layer));
    // While it runs, too.
    await eventually('the fill is seen', async () => {
      const running = samplesOf(await scrape(), 'fills_running', 'upstream_bytes_total');
      return (
        running['fills_running{upstream="quay.io"}'] === 1 &&
        running['upstream_bytes_total{upstream="quay.io"}'] === 100_000
      );
    });
    gate.open();
    const answers = await Promise.all(heads.map((head) => receive(layer, head)));
    expect(answers.map(({ outcome }) => outcome)).toEqual(['miss', 'collapsed', 'collapsed', 'collapsed']);
    await settle(countsOf(answers), ...REQUESTS);
    await settle(countsOfUpstream(cache), ...FROM_UPSTREAM);
    await settle(
      {
        'fills_total{upstream="quay.io",end="stored"}': 1,
        'fill_bytes_total{upstream="quay.io"}': 500_000,
      },
      ...FILLS,
    );
  });

  test('a transfer that breaks off is an error of the upstream, and its bytes count where they came', async () => {
    const { client, upstream, settle } = cache;
    const image = addColdImage(upstream, 'broken', { layers: [500_000] });
    const layer = blobPath(image.name, image.layerDigest);
    upstream.misbehave({ path: new RegExp(image.layerDigest), times: 1 }, resetAfter(200_000));
    const answer = await client.get(layer);
    expect(answer.digest).toBe(image.layerDigest);
    await settle(countsOf([answer]), ...REQUESTS);
    await settle(
      { 'upstream_errors_total{upstream="quay.io",code="unreachable"}': 1 },
      'upstream_errors_total',
    );
    await settle({ 'fills_total{upstream="quay.io",end="stored"}': 1 }, 'fills_total');
  });

  test.each(['worker', 'proxy'] as const)(
    'a %s that is killed loses no more than what nobody had asked about yet, and nothing is counted twice',
    async (name) => {
      const { client, upstream, scrape, settle } = cache;
      const all = [...REQUESTS, ...FROM_UPSTREAM, ...FILLS];
      const before = await pullAll(client, addColdImage(upstream, `asked-about-${name}`));
      await settle(countsOf(before), ...REQUESTS);
      const asked = samplesOf(await scrape(), ...all);

      const meanwhile = await pullAll(client, addColdImage(upstream, `not-asked-about-${name}`));
      const [killed] = await cache.cache.kill(name);
      await eventually('there is another one that serves', async () => {
        const isAnother = (await cache.cache.children()).some(
          (child) => child.name === name && child.pid !== killed,
        );
        const ready = await cache.cache
          .client()
          .get('/readyz')
          .catch(() => undefined);
        return isAnother && ready?.status === 200;
      });
      const after = await pullAll(cache.cache.client(), addColdImage(upstream, `afterwards-${name}`));
      const upTo = (value: number): unknown => expect.toSatisfy((seen: number) => seen <= value);

      const everything = { ...countsOf([...before, ...meanwhile, ...after]), ...countsOfUpstream(cache) };
      const least = { ...countsOf([...before, ...after]) };
      await eventually('what came afterwards is counted', async () => {
        const seen = await scrape();
        return Object.entries(least).every(([series, value]) => (seen[series] ?? 0) >= value);
      });
      const seen = samplesOf(await scrape(), ...all);
      for (const [series, value] of Object.entries(asked))
        expect(seen[series], series).toBeGreaterThanOrEqual(value);
      for (const [series, value] of Object.entries(everything))
        expect(seen[series] ?? 0, series).toEqual(upTo(value));
      // What is left out is one who had counted it: the other one has all.
      const exact =
        name === 'worker' ? countsOf([...before, ...meanwhile, ...after]) : countsOfUpstream(cache);
      await settle(exact, ...(name === 'worker' ? REQUESTS : FROM_UPSTREAM));
    },
  );
});

test('what a worker counted before it fell asleep is not lost, and not counted again', async () => {
  const cache = await startMeasuredCache(closeAtEnd, { workers: { idletimeout: '5ms' } });
  const { client, upstream, settle } = cache;
  const answers: Received[] = [];
  let filledBytes = 0;
  let fills = 0;
  for (const seed of ['first', 'second']) {
    const pulled = await pullAll(client, addColdImage(upstream, seed));
    answers.push(...pulled);
    filledBytes += sizeOf(pulled);
    fills += pulled.filter(({ path }) => path.includes('/blobs/')).length;
    await eventually('its worker sleeps', async () =>
      (await cache.cache.children()).every(({ name }) => name !== 'worker'),
    );
    await settle(
      {
        'fills_total{upstream="quay.io",end="stored"}': fills,
        'fill_bytes_total{upstream="quay.io"}': filledBytes,
      },
      ...FILLS,
    );
  }
  await settle(countsOf(answers), ...REQUESTS);
  await settle(countsOfUpstream(cache), ...FROM_UPSTREAM);
  await settle({ 'upstream_up{upstream="quay.io"}': 1 }, 'upstream_up');
});

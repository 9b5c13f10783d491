import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  startCachedUpstream,
  type CachedUpstream,
  type CachedUpstreamOptions,
} from '../support/cached-upstream.ts';
import { blobPath, getManifest, pullImage } from '../support/client/pull-image.ts';
import { receive } from '../support/client/registry-client.ts';
import { closeAfterAll, closeAtEnd, type CloseLater } from '../support/close-at-end.ts';
import type { CollectedSpan } from '../support/collector/decode-spans.ts';
import { startCollector, type Collector } from '../support/collector/start-collector.ts';
import { eventually } from '../support/eventually.ts';
import { createGate } from '../support/gate.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { stallAfter } from '../support/upstream/behaviours.ts';

const ROBOT = { username: 'robot', password: 'hunter2-of-robot' };
const CLIENT_SPAN_ID = '00f067aa0ba902b7';

interface TracedCache extends CachedUpstream {
  readonly collector: Collector;
}

async function startTracedCache(
  closeLater: CloseLater,
  env: Readonly<Record<string, string>> = {},
  options: CachedUpstreamOptions = {},
): Promise<TracedCache> {
  const collector = closeLater(await startCollector());
  const cached = await startCachedUpstream(closeLater, {
    ...options,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_BSP_SCHEDULE_DELAY: '20', ...env },
  });
  return { ...cached, collector };
}

/** A trace that a client began, other than those of other tests. */
interface ClientTrace {
  readonly traceId: string;
  /** What the client sends of it. */
  readonly headers: Readonly<Record<string, string>>;
  /** What has come of it. */
  spans(): CollectedSpan[];
  /** The span that `find` picks, once it has come. */
  untilSpan(what: string, find: (span: CollectedSpan) => boolean): Promise<CollectedSpan>;
}

function beginTrace(collector: Collector): ClientTrace {
  const traceId = randomBytes(16).toString('hex');
  const spans = (): CollectedSpan[] => collector.spans.filter((span) => span.traceId === traceId);
  return {
    traceId,
    headers: { traceparent: `00-${traceId}-${CLIENT_SPAN_ID}-01`, tracestate: 'vendor=value' },
    spans,
    untilSpan: (what, find) => eventually(`the span of ${what} has come`, () => spans().find(find)),
  };
}

function processOf({ resource }: CollectedSpan): unknown {
  return resource['registry_cache.process'];
}

describe('with a collector', () => {
  const closeLater = closeAfterAll();
  let traced: TracedCache;

  beforeAll(async () => {
    traced = await startTracedCache(
      closeLater,
      { OTEL_EXPORTER_OTLP_HEADERS: 'x-token=hunter2-of-collector', OTEL_EXPORTER_OTLP_TIMEOUT: '3000' },
      { upstream: { redirectBlobs: { ttlSeconds: 60 } }, pullSecret: { 'quay.io': ROBOT } },
    );
  });

  test('one trace leads from the client through proxy and worker to the upstream', async () => {
    const { client, upstream, collector } = traced;
    const trace = beginTrace(collector);
    const image = addColdImage(upstream, 'traced');
    const path = `/v2/${image.name}/manifests/v1`;

    expect((await client.get(path, { headers: trace.headers })).status).toBe(200);

    const proxy = await trace.untilSpan('the proxy', (span) => processOf(span) === 'proxy');
    expect(proxy).toMatchObject({
      parentSpanId: CLIENT_SPAN_ID,
      name: 'GET /v2/{name}/manifests/{reference}',
      kind: 'server',
      isError: false,
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'url.path': path,
        'url.scheme': 'https',
        'registry_cache.upstream': 'quay.io',
        'registry_cache.repository': image.repository,
        'registry_cache.reference': 'v1',
        'registry_cache.outcome': 'miss',
      },
    });
    const worker = await trace.untilSpan(
      'the worker',
      (span) => processOf(span) === 'worker' && span.kind === 'server',
    );
    expect(worker).toMatchObject({
      parentSpanId: proxy.spanId,
      name: 'GET manifest',
      attributes: { 'http.response.status_code': 200, 'registry_cache.outcome': 'miss' },
      resource: { 'service.name': 'registry-cache', 'registry_cache.upstream': 'quay.io' },
    });
    const [asked] = upstream.requestsTo({ path: /\/cold\/traced\/manifests\// });
    const [, traceId, spanId] = String(asked?.headers['traceparent']).split('-');
    expect(traceId).toBe(trace.traceId);
    const sent = await trace.untilSpan('the request to the upstream', (span) => span.spanId === spanId);
    expect(sent).toMatchObject({
      parentSpanId: worker.spanId,
      name: 'GET',
      kind: 'client',
      attributes: {
        'http.response.status_code': 200,
        'url.full': `${upstream.origin}/v2/${image.repository}/manifests/v1`,
        'server.address': '127.0.0.1',
      },
    });
    expect(asked?.headers['tracestate']).toBeUndefined();
  });

  test('a fill is a span of the pull that began it, and a host that the registry redirects to is told no trace', async () => {
    const { client, upstream, collector } = traced;
    const trace = beginTrace(collector);
    const image = addColdImage(upstream, 'traced-fill');

    const blob = await client.get(blobPath(image.name, image.layerDigest), { headers: trace.headers });

    expect(blob.digest).toBe(image.layerDigest);
    const worker = await trace.untilSpan(
      'the worker',
      (span) => processOf(span) === 'worker' && span.kind === 'server',
    );
    const fill = await trace.untilSpan('the fill', ({ name }) => name === 'fill');
    expect(fill).toMatchObject({
      parentSpanId: worker.spanId,
      kind: 'internal',
      attributes: {
        'registry_cache.digest': image.layerDigest,
        'registry_cache.repository': image.repository,
        'registry_cache.received_bytes': image.layer.sizeBytes,
      },
    });
    const { blobHost } = upstream;
    await trace.untilSpan('the request to the other host', (span) =>
      String(span.attributes['url.full']).startsWith(String(blobHost?.origin)),
    );
    const sent = trace.spans().filter(({ kind }) => kind === 'client');
    expect(sent.map(({ parentSpanId }) => parentSpanId)).toEqual(sent.map(() => fill.spanId));
    expect(sent).toHaveLength(2);
    expect(upstream.blobRequests(image.layerDigest).map(({ headers }) => headers['traceparent'])).toEqual([
      expect.stringContaining(trace.traceId),
    ]);
    const elsewhere = blobHost?.requestsTo({ path: new RegExp(image.layerDigest) });
    expect(elsewhere?.map(({ headers }) => headers['traceparent'])).toEqual([undefined]);
  });

  test('a pull that joins a running fill names it, in whichever trace that is', async () => {
    const { client, upstream, collector } = traced;
    const trace = beginTrace(collector);
    const image = addColdImage(upstream, 'traced-joined');
    const gate = createGate();
    upstream.blobHost?.misbehave({ path: new RegExp(image.layerDigest) }, stallAfter(1000, gate.opened));
    const path = blobPath(image.name, image.layerDigest);

    // Heads come while the fill runs.
    const first = await client.open('GET', path);
    const second = await client.open('GET', path, { headers: trace.headers });
    gate.open();
    const pulls = await Promise.all([receive(path, first), receive(path, second)]);
    expect(pulls.map(({ outcome }) => outcome)).toEqual(['miss', 'collapsed']);

    const joined = await trace.untilSpan('the worker', ({ links }) => links.length > 0);
    const fill = await eventually('the span of the fill has come', () =>
      collector.spans.find(
        ({ name, attributes }) =>
          name === 'fill' && attributes['registry_cache.digest'] === image.layerDigest,
      ),
    );
    expect(joined.links).toEqual([fill.spanId]);
    expect(fill.traceId).not.toBe(trace.traceId);
  });

  test('what fails is an error in its trace', async () => {
    const { client, collector } = traced;
    const trace = beginTrace(collector);

    expect((await client.get('/v2/quay.io/cold/none/manifests/v1', { headers: trace.headers })).status).toBe(
      404,
    );

    const sent = await trace.untilSpan('the request to the upstream', ({ kind }) => kind === 'client');
    expect(sent).toMatchObject({ isError: true, attributes: { 'error.type': '404' } });
    const proxy = await trace.untilSpan('the proxy', (span) => processOf(span) === 'proxy');
    // A client's mistake is no error of a server.
    expect(proxy).toMatchObject({ isError: false, attributes: { 'http.response.status_code': 404 } });
  });

  test('no process can be seen to have the variables in its environment', async () => {
    const { cache, client, upstream } = traced;
    await pullImage(client, addColdImage(upstream, 'traced-environment').name, 'v1');
    const children = await cache.children();
    const environments = await Promise.all(
      children.map(({ pid }) => readFile(`/proc/${pid}/environ`, 'utf8')),
    );
    expect(environments.filter((environment) => environment.includes('OTEL_'))).toEqual([]);
    expect(children.map(({ name }) => name)).toContain('worker');
  });

  test(
    'a collector that is away is one warning of each process, and stops no pull',
    { timeout: 60_000 },
    async () => {
      const { cache, client, upstream, collector } = traced;
      await collector.stop();
      const linesOf = (msg: string): unknown[] =>
        cache.log.lines.filter((line) => line.msg === msg && line['process'] === 'proxy');
      const lost = 'collector does not take traces, they are lost';

      const image = addColdImage(upstream, 'traced-outage');
      await pullImage(client, image.name, 'v1');
      await eventually('the outage is noticed', () => linesOf(lost).length > 0);
      await pullImage(client, image.name, 'v1');
      await collector.start();

      const taken = async (): Promise<number> => {
        await getManifest(client, image.name, 'v1');
        return linesOf('collector takes traces again').length;
      };
      await expect.poll(taken, { interval: 200, timeout: 15_000 }).toBeGreaterThan(0);
      expect(linesOf(lost)).toHaveLength(1);
      expect(linesOf('collector takes traces again')).toHaveLength(1);
    },
  );

  // The last one: a cache remembers that an upstream wants tokens.
  test('the server of tokens is told the trace, and no secret is told the collector', async () => {
    const { client, upstream, collector } = traced;
    const trace = beginTrace(collector);
    const image = addColdImage(upstream, 'traced-token');
    upstream.authenticateBy({ kind: 'bearer', accounts: [ROBOT] });

    const manifest = await client.get(`/v2/${image.name}/manifests/v1`, { headers: trace.headers });
    const blob = await client.get(`${blobPath(image.name, image.layerDigest)}?ns=hunter2`, {
      headers: trace.headers,
    });

    expect([manifest.status, blob.status]).toEqual([200, 200]);
    const tokens = upstream.requests.filter(({ query }) => query.has('scope'));
    expect(tokens.map(({ headers }) => headers['traceparent'])).toEqual(
      tokens.map(() => expect.stringContaining(trace.traceId)),
    );
    expect(tokens.length).toBeGreaterThan(0);
    await trace.untilSpan('the fill', ({ name }) => name === 'fill');
    const told = Buffer.concat(collector.requests.map(({ body }) => body)).toString('latin1');
    for (const secret of [
      'hunter2',
      'signature=',
      'Bearer ',
      Buffer.from('robot:hunter2-of-robot').toString('base64'),
    ]) {
      expect(told.includes(secret), secret).toBe(false);
    }
    expect(collector.requests[0]).toMatchObject({
      path: '/v1/traces',
      headers: { 'x-token': 'hunter2-of-collector' },
    });
  });
});

describe('with the standard variables', () => {
  const closeLater = closeAfterAll();
  let traced: TracedCache;

  beforeAll(async () => {
    traced = await startTracedCache(
      closeLater,
      {
        OTEL_SERVICE_NAME: 'edge-cache',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
        OTEL_TRACES_SAMPLER: 'parentbased_always_off',
        OTEL_BSP_SCHEDULE_DELAY: '3600000',
      },
      { config: { workers: { idletimeout: '200ms' } } },
    );
  });

  test('a client that has a trace is in it, and one that has none begins none', async () => {
    const { client, upstream, collector } = traced;
    const trace = beginTrace(collector);
    const image = addColdImage(upstream, 'traced-sampled');

    await getManifest(client, image.name, 'v1');
    await client.get(`/v2/${image.name}/tags/list`, { headers: trace.headers });

    await trace.untilSpan('the worker', (span) => processOf(span) === 'worker');
    expect(upstream.requestsTo({ path: /sampled\/manifests\/v1/ })[0]?.headers['traceparent']).toMatch(
      /-00$/,
    );
    expect(collector.spans.filter(({ traceId }) => traceId !== trace.traceId)).toEqual([]);
  });

  // The last one: it stops the cache.
  test(
    'spans are sent before a worker sleeps and before the cache ends, and say who sent them',
    { timeout: 60_000 },
    async () => {
      const { cache, client, upstream, collector } = traced;
      const trace = beginTrace(collector);
      const proxies = (): CollectedSpan[] => trace.spans().filter((span) => processOf(span) === 'proxy');
      const image = addColdImage(upstream, 'traced-asleep');

      await client.get(`/v2/${image.name}/manifests/v1`, { headers: trace.headers });

      const worker = await trace.untilSpan('the worker', (span) => processOf(span) === 'worker');
      expect(proxies()).toEqual([]);
      await cache.stop();
      expect(proxies()).toHaveLength(1);
      for (const { resource } of [worker, ...proxies()]) {
        expect(resource).toMatchObject({
          'service.name': 'edge-cache',
          'deployment.environment.name': 'test',
        });
      }
      // What the proxy had to say of all requests has come now: the two traces of clients are all there are.
      expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBe(2);
    },
  );
});

test('without the variables there are no traces, and a client that has one gets it no further', async () => {
  const { client, upstream } = await startCachedUpstream(closeAtEnd);
  const image = addColdImage(upstream, 'untraced');
  const headers = { traceparent: `00-${randomBytes(16).toString('hex')}-${CLIENT_SPAN_ID}-01` };

  expect((await client.get(`/v2/${image.name}/manifests/v1`, { headers })).status).toBe(200);

  const [asked] = upstream.manifestRequests();
  expect(asked?.headers['traceparent']).toBeUndefined();
});

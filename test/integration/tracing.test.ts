import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import {
  startCachedUpstream,
  type CachedUpstream,
  type CachedUpstreamOptions,
} from '../support/cached-upstream.ts';
import { blobPath, getManifest, pullImage } from '../support/client/pull-image.ts';
import { receive } from '../support/client/registry-client.ts';
import { closeAtEnd } from '../support/close-at-end.ts';
import type { CollectedSpan } from '../support/collector/decode-spans.ts';
import { startCollector, type Collector } from '../support/collector/start-collector.ts';
import { eventually } from '../support/eventually.ts';
import { createGate } from '../support/gate.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { stallAfter } from '../support/upstream/behaviours.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const CLIENT_SPAN_ID = '00f067aa0ba902b7';
const TRACEPARENT = `00-${TRACE_ID}-${CLIENT_SPAN_ID}-01`;
const HEADERS = { traceparent: TRACEPARENT, tracestate: 'vendor=value' };

interface TracedCache extends CachedUpstream {
  readonly collector: Collector;
}

async function startTracedCache(
  env: Readonly<Record<string, string>> = {},
  options: CachedUpstreamOptions = {},
): Promise<TracedCache> {
  const collector = closeAtEnd(await startCollector());
  const cached = await startCachedUpstream(closeAtEnd, {
    ...options,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_BSP_SCHEDULE_DELAY: '20', ...env },
  });
  return { ...cached, collector };
}

function spansOf(collector: Collector, traceId: string): CollectedSpan[] {
  return collector.spans.filter((span) => span.traceId === traceId);
}

/** The span that `find` picks from those of the client's trace, once it has come. */
function untilSpan(
  collector: Collector,
  what: string,
  find: (span: CollectedSpan) => boolean,
): Promise<CollectedSpan> {
  return eventually(`the span of ${what} has come`, () => spansOf(collector, TRACE_ID).find(find));
}

function processOf({ resource }: CollectedSpan): unknown {
  return resource['registry_cache.process'];
}

test('one trace leads from the client through proxy and worker to the upstream', async () => {
  const { client, upstream, collector } = await startTracedCache();
  const image = addColdImage(upstream, 'traced');
  const path = `/v2/${image.name}/manifests/v1`;

  expect((await client.get(path, { headers: HEADERS })).status).toBe(200);

  const proxy = await untilSpan(collector, 'the proxy', (span) => processOf(span) === 'proxy');
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
  const worker = await untilSpan(
    collector,
    'the worker',
    (span) => processOf(span) === 'worker' && span.kind === 'server',
  );
  expect(worker).toMatchObject({
    parentSpanId: proxy.spanId,
    name: 'GET manifest',
    attributes: { 'http.response.status_code': 200, 'registry_cache.outcome': 'miss' },
    resource: { 'service.name': 'registry-cache', 'registry_cache.upstream': 'quay.io' },
  });
  const [asked] = upstream.manifestRequests();
  const [, traceId, spanId] = String(asked?.headers['traceparent']).split('-');
  expect(traceId).toBe(TRACE_ID);
  const sent = await untilSpan(collector, 'the request to the upstream', (span) => span.spanId === spanId);
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
  const { client, upstream, collector } = await startTracedCache(
    {},
    {
      upstream: { redirectBlobs: { ttlSeconds: 60 } },
    },
  );
  const image = addColdImage(upstream, 'traced');

  const blob = await client.get(blobPath(image.name, image.layerDigest), { headers: HEADERS });

  expect(blob.digest).toBe(image.layerDigest);
  const worker = await untilSpan(
    collector,
    'the worker',
    (span) => processOf(span) === 'worker' && span.kind === 'server',
  );
  const fill = await untilSpan(collector, 'the fill', ({ name }) => name === 'fill');
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
  await untilSpan(collector, 'the request to the other host', (span) =>
    String(span.attributes['url.full']).startsWith(String(blobHost?.origin)),
  );
  const sent = spansOf(collector, TRACE_ID).filter(({ kind }) => kind === 'client');
  expect(sent.map(({ parentSpanId }) => parentSpanId)).toEqual(sent.map(() => fill.spanId));
  expect(sent).toHaveLength(2);
  expect(upstream.blobRequests().map(({ headers }) => headers['traceparent'])).toEqual([
    expect.stringContaining(TRACE_ID),
  ]);
  expect(blobHost?.requests.map(({ headers }) => headers['traceparent'])).toEqual([undefined]);
});

test('a pull that joins a running fill names it, in whichever trace that is', async () => {
  const { client, upstream, collector } = await startTracedCache();
  const image = addColdImage(upstream, 'traced');
  const gate = createGate();
  upstream.misbehave({ path: blobPath(image.repository, image.layerDigest) }, stallAfter(1000, gate.opened));
  const path = blobPath(image.name, image.layerDigest);

  // Heads come while the fill runs.
  const first = await client.open('GET', path);
  const second = await client.open('GET', path, { headers: HEADERS });
  gate.open();
  const pulls = await Promise.all([receive(path, first), receive(path, second)]);
  expect(pulls.map(({ outcome }) => outcome)).toEqual(['miss', 'collapsed']);

  const joined = await untilSpan(collector, 'the worker', ({ links }) => links.length > 0);
  const fill = await eventually('the span of the fill has come', () =>
    collector.spans.find(({ name }) => name === 'fill'),
  );
  expect(joined.links).toEqual([fill.spanId]);
  expect(fill.traceId).not.toBe(TRACE_ID);
});

test('the server of tokens is told the trace, and no secret is told the collector', async () => {
  const account = { username: 'robot', password: 'hunter2-of-robot', repositories: ['cold/traced'] };
  const { client, upstream, collector } = await startTracedCache(
    { OTEL_EXPORTER_OTLP_HEADERS: 'x-token=hunter2-of-collector' },
    {
      upstream: {
        authentication: { kind: 'bearer', accounts: [account] },
        redirectBlobs: { ttlSeconds: 60 },
      },
      pullSecret: { 'quay.io': { username: account.username, password: account.password } },
    },
  );
  const image = addColdImage(upstream, 'traced');

  const manifest = await client.get(`/v2/${image.name}/manifests/v1`, { headers: HEADERS });
  const blob = await client.get(`${blobPath(image.name, image.layerDigest)}?ns=hunter2`, {
    headers: HEADERS,
  });

  expect([manifest.status, blob.status]).toEqual([200, 200]);
  const tokens = upstream.requests.filter(({ query }) => query.has('scope'));
  expect(tokens.map(({ headers }) => headers['traceparent'])).toEqual(
    tokens.map(() => expect.stringContaining(TRACE_ID)),
  );
  expect(tokens.length).toBeGreaterThan(0);
  await untilSpan(collector, 'the fill', ({ name }) => name === 'fill');
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

test('the standard variables say who a process is and what is sampled', async () => {
  const { client, upstream, collector } = await startTracedCache({
    OTEL_SERVICE_NAME: 'edge-cache',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    OTEL_TRACES_SAMPLER: 'parentbased_always_off',
  });
  const image = addColdImage(upstream, 'traced');

  await getManifest(client, image.name, 'v1');
  await client.get(`/v2/${image.name}/tags/list`, { headers: HEADERS });

  const proxy = await untilSpan(collector, 'the proxy', (span) => processOf(span) === 'proxy');
  expect(proxy.resource).toMatchObject({
    'service.name': 'edge-cache',
    'deployment.environment.name': 'test',
  });
  // A client that has a trace is in it; one that has none begins none.
  expect(upstream.requestsTo({ path: /\/manifests\/v1/ })[0]?.headers['traceparent']).toMatch(/-00$/);
  expect(collector.spans.filter(({ traceId }) => traceId !== TRACE_ID)).toEqual([]);
});

test('what fails is an error in its trace', async () => {
  const { client, collector } = await startTracedCache();

  expect((await client.get('/v2/quay.io/cold/none/manifests/v1', { headers: HEADERS })).status).toBe(404);

  const sent = await untilSpan(collector, 'the request to the upstream', ({ kind }) => kind === 'client');
  expect(sent).toMatchObject({ isError: true, attributes: { 'error.type': '404' } });
  const proxy = await untilSpan(collector, 'the proxy', (span) => processOf(span) === 'proxy');
  // A client's mistake is no error of a server.
  expect(proxy).toMatchObject({ isError: false, attributes: { 'http.response.status_code': 404 } });
});

test('spans are sent before a worker sleeps and before the cache ends', { timeout: 60_000 }, async () => {
  const { cache, client, upstream, collector } = await startTracedCache(
    { OTEL_BSP_SCHEDULE_DELAY: '3600000' },
    { config: { workers: { idletimeout: '200ms' } } },
  );
  const image = addColdImage(upstream, 'traced');

  await client.get(`/v2/${image.name}/manifests/v1`, { headers: HEADERS });

  await untilSpan(collector, 'the worker', (span) => processOf(span) === 'worker');
  expect(spansOf(collector, TRACE_ID).filter((span) => processOf(span) === 'proxy')).toEqual([]);
  await cache.stop();
  expect(spansOf(collector, TRACE_ID).filter((span) => processOf(span) === 'proxy')).toHaveLength(1);
});

test(
  'a collector that is away is one warning of each process, and stops no pull',
  { timeout: 60_000 },
  async () => {
    const { cache, client, upstream, collector } = await startTracedCache({
      OTEL_EXPORTER_OTLP_TIMEOUT: '3000',
    });
    await collector.stop();
    const linesOf = (msg: string): unknown[] =>
      cache.log.lines.filter((line) => line.msg === msg && line['process'] === 'proxy');
    const lost = 'collector does not take traces, they are lost';

    const image = addColdImage(upstream, 'traced');
    await pullImage(client, image.name, 'v1');
    await eventually('the outage is noticed', () => linesOf(lost).length > 0);
    await pullImage(client, image.name, 'v1');
    await collector.start();

    await eventually('the collector is reached again', async () => {
      await client.get(`/v2/${image.name}/tags/list`, { headers: HEADERS });
      return linesOf('collector takes traces again').length > 0;
    });
    expect(linesOf(lost)).toHaveLength(1);
    expect(linesOf('collector takes traces again')).toHaveLength(1);
  },
);

test('without the variables there are no traces, and a client that has one gets it no further', async () => {
  const { client, upstream } = await startCachedUpstream(closeAtEnd);
  const image = addColdImage(upstream, 'untraced');

  expect((await client.get(`/v2/${image.name}/manifests/v1`, { headers: HEADERS })).status).toBe(200);

  const [asked] = upstream.manifestRequests();
  expect(asked?.headers['traceparent']).toBeUndefined();
});

test('no process can be seen to have the variables in its environment', async () => {
  const { cache, client, upstream } = await startTracedCache();
  await pullImage(client, addColdImage(upstream, 'traced').name, 'v1');
  const children = await cache.children();
  const environments = await Promise.all(children.map(({ pid }) => readFile(`/proc/${pid}/environ`, 'utf8')));
  expect(environments.filter((environment) => environment.includes('OTEL_'))).toEqual([]);
  expect(children.map(({ name }) => name)).toContain('worker');
});

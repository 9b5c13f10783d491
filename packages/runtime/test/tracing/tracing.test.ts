import { once } from 'node:events';
import { createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { closeAtEnd } from '../../../../test/support/close-at-end.ts';
import type { CollectedSpan } from '../../../../test/support/collector/decode-spans.ts';
import { startCollector, type Collector } from '../../../../test/support/collector/start-collector.ts';
import { createLog, type Logger } from '../../src/log.ts';
import { openTracing } from '../../src/tracing/open-tracing.ts';
import type { Tracing } from '../../src/tracing/tracing.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

interface Opened {
  readonly collector: Collector;
  readonly tracing: Tracing;
  readonly lines: readonly Record<string, unknown>[];
}

function recordingLog(): { readonly log: Logger; readonly lines: readonly Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const destination = new PassThrough().on('data', (line) => lines.push(JSON.parse(String(line))));
  return { log: createLog({ level: 'info', fields: {}, destination }), lines };
}

async function open(more: Readonly<Record<string, string>> = {}): Promise<Opened> {
  const collector = closeAtEnd(await startCollector());
  const { log, lines } = recordingLog();
  const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, ...more };
  const tracing = await openTracing({ variables, fields: { process: 'worker' }, log });
  if (tracing === undefined) throw new Error('expected traces');
  return { collector, tracing: closeAtEnd(tracing), lines };
}

function spanNamed({ spans }: Collector, name: string): CollectedSpan {
  const span = spans.find((candidate) => candidate.name === name);
  if (span === undefined) throw new Error(`no span ${name} among ${spans.map((each) => each.name).join()}`);
  return span;
}

test('without variables there are no traces', async () => {
  const { log } = recordingLog();
  expect(await openTracing({ variables: undefined, fields: {}, log })).toBeUndefined();
});

test('a span continues the trace of the headers, and headers of it continue that', async () => {
  const { tracing, collector } = await open();
  const headers = { traceparent: TRACEPARENT, tracestate: 'vendor=value' };
  const span = tracing.startSpan('answer', { kind: 'server', headers });
  const told = span.headers();
  span.end();
  await tracing.flush();

  const sent = spanNamed(collector, 'answer');
  expect(sent).toMatchObject({ traceId: TRACE_ID, parentSpanId: '00f067aa0ba902b7', kind: 'server' });
  expect(told).toEqual({ traceparent: `00-${TRACE_ID}-${sent.spanId}-01`, tracestate: 'vendor=value' });
});

test.each([
  ['none', {}],
  ['a broken one', { traceparent: 'nonsense' }],
  ['two', { traceparent: `${TRACEPARENT}, ${TRACEPARENT}` }],
  ['one of zeros', { traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01` }],
])('headers with %s begin a trace', async (_, headers) => {
  const { tracing, collector } = await open();
  tracing.startSpan('answer', { kind: 'server', headers }).end();
  await tracing.flush();
  const { traceId, parentSpanId } = spanNamed(collector, 'answer');
  expect(traceId).not.toBe(TRACE_ID);
  expect(parentSpanId).toBe('');
});

test('what runs in a span, and what it waits for, has that for a parent; what runs beside it has not', async () => {
  const { tracing, collector } = await open();
  const outer = tracing.startSpan('outer', { kind: 'server' });
  await Promise.all([
    outer.run(async () => {
      await sleep(1);
      tracing.startSpan('inner', { kind: 'internal' }).end();
      tracing.active()?.set({ 'registry_cache.outcome': 'hit', left_out: undefined });
    }),
    tracing.startSpan('beside', { kind: 'client' }).run(async () => sleep(2)),
  ]);
  expect(tracing.active()).toBeUndefined();
  tracing.startSpan('after', { kind: 'client' }).end();
  outer.end();
  await tracing.flush();

  const { spanId, traceId, attributes } = spanNamed(collector, 'outer');
  expect(attributes).toEqual({ 'registry_cache.outcome': 'hit' });
  expect(spanNamed(collector, 'inner')).toMatchObject({ traceId, parentSpanId: spanId });
  expect(spanNamed(collector, 'after').traceId).not.toBe(traceId);
});

test('a span names another that it waits for', async () => {
  const { tracing, collector } = await open();
  const fill = tracing.startSpan('fill', { kind: 'internal' });
  const reader = tracing.startSpan('reader', { kind: 'server', headers: { traceparent: TRACEPARENT } });
  reader.link(fill);
  reader.end();
  fill.end();
  await tracing.flush();
  const { spanId, traceId } = spanNamed(collector, 'fill');
  expect(traceId).not.toBe(TRACE_ID);
  expect(spanNamed(collector, 'reader')).toMatchObject({ traceId: TRACE_ID, links: [spanId] });
});

test('a failure has a type and is an error', async () => {
  const { tracing, collector } = await open();
  const span = tracing.startSpan('GET', { kind: 'client' });
  span.fail('timeout');
  span.rename('GET blob');
  span.end();
  await tracing.flush();
  expect(spanNamed(collector, 'GET blob')).toMatchObject({
    isError: true,
    attributes: { 'error.type': 'timeout' },
  });
});

describe('the variables', () => {
  test('are in the environment while the SDK is made, and not after it', async () => {
    await open({ OTEL_EXPORTER_OTLP_HEADERS: 'authorization=hunter2' });
    expect(Object.keys(process.env).filter((name) => name.startsWith('OTEL_'))).toEqual([]);
  });

  test('name headers of the collector, the service and its attributes', async () => {
    const { tracing, collector } = await open({
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20hunter2',
      OTEL_SERVICE_NAME: 'edge',
      OTEL_RESOURCE_ATTRIBUTES: 'host.name=here,team=a',
    });
    tracing.startSpan('any', { kind: 'internal' }).end();
    await tracing.close();
    expect(collector.requests[0]?.headers.authorization).toBe('Bearer hunter2');
    expect(spanNamed(collector, 'any').resource).toMatchObject({
      'service.name': 'edge',
      'host.name': 'here',
      team: 'a',
      'registry_cache.process': 'worker',
    });
  });

  test('say where traces go, apart from other signals', async () => {
    const elsewhere = closeAtEnd(await startCollector());
    const { tracing, collector } = await open({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${elsewhere.endpoint}/custom`,
    });
    tracing.startSpan('any', { kind: 'internal' }).end();
    await tracing.flush();
    expect(collector.requests).toEqual([]);
    expect(elsewhere.requests.map(({ path }) => path)).toEqual(['/custom']);
  });

  test('say what is sampled, and what is not is still told to whoever is asked', async () => {
    const { tracing, collector } = await open({ OTEL_TRACES_SAMPLER: 'always_off' });
    const span = tracing.startSpan('any', { kind: 'server', headers: { traceparent: TRACEPARENT } });
    expect(span.headers()['traceparent']).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-00$`));
    span.end();
    await tracing.close();
    expect(collector.requests).toEqual([]);
  });

  test('that cannot be used are said once, and their defaults count', async () => {
    const { tracing, collector, lines } = await open({ OTEL_TRACES_SAMPLER: 'sometimes' });
    tracing.startSpan('any', { kind: 'internal' }).end();
    await tracing.close();
    expect(collector.spans).toHaveLength(1);
    expect(lines).toMatchObject([
      {
        level: 'warn',
        msg: 'setting of traces cannot be used',
        reason: expect.stringContaining('sometimes'),
      },
    ]);
  });
});

test('an outage of the collector is said once, and its end too', async () => {
  const { tracing, collector, lines } = await open({ OTEL_EXPORTER_OTLP_TIMEOUT: '200' });
  const sendOne = async (): Promise<void> => {
    tracing.startSpan('any', { kind: 'internal' }).end();
    await tracing.flush();
  };
  await collector.stop();
  await sendOne();
  await sendOne();
  expect(lines).toMatchObject([{ level: 'warn', msg: 'collector does not take traces, they are lost' }]);
  await collector.start();
  await sendOne();
  await sendOne();
  expect(lines.slice(1)).toMatchObject([
    { level: 'info', msg: 'collector takes traces again', lostSpans: 2 },
  ]);
  expect(collector.spans).toHaveLength(2);
});

test('closing does not wait for a collector that takes what it is sent and says nothing', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const address = silent.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { tracing } = await open({
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_TIMEOUT: '600000',
    OTEL_BSP_EXPORT_TIMEOUT: '600000',
  });
  tracing.startSpan('any', { kind: 'internal' }).end();
  await expect(tracing.close()).resolves.toBeUndefined();
});

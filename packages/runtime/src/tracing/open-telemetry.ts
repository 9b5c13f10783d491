import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span as SdkSpan,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { AsyncLocalStorage } from 'node:async_hooks';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import { withOutages } from './collector-outage.ts';
import type { TracingOptions } from './open-tracing.ts';
import { withVariables } from './sdk-environment.ts';
import type { Span, SpanAttributes, SpanOptions, Tracing } from './tracing.ts';

const NAME = 'registry-cache';
/** A process that ends does not wait longer for its collector. */
const FLUSH_MS = 2000;

const KINDS: Readonly<Record<SpanOptions['kind'], SpanKind>> = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
};

/**
 * Traces by OpenTelemetry's SDK. Which span is active is kept here, not in the SDK's global: whoever has no `Tracing` has none.
 *
 * @see https://opentelemetry.io/docs/specs/otel/trace/sdk/
 */
export function createTracing({ variables, fields, log }: TracingOptions): Tracing {
  const provider = withVariables(variables, () => createProvider(fields, log));
  const tracer = provider.getTracer(NAME);
  const propagator = new W3CTraceContextPropagator();
  const active = new AsyncLocalStorage<SpanInContext>();

  const spanOf = (span: SdkSpan, context: Context): Span => {
    const own: Span = {
      run: (work) => active.run({ span: own, context }, work),
      rename: (name) => void span.updateName(name),
      set: (attributes) => void span.setAttributes(defined(attributes)),
      link(other) {
        const linked = trace.getSpanContext(
          propagator.extract(ROOT_CONTEXT, other.headers(), defaultTextMapGetter),
        );
        if (linked !== undefined) span.addLink({ context: linked });
      },
      fail: (type) => void span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR }),
      headers() {
        const headers: Record<string, string> = {};
        propagator.inject(context, headers, defaultTextMapSetter);
        return headers;
      },
      end: () => span.end(),
    };
    return own;
  };

  return {
    startSpan(name, { kind, attributes = {}, headers }) {
      const parent =
        headers === undefined
          ? (active.getStore()?.context ?? ROOT_CONTEXT)
          : propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
      const span = tracer.startSpan(name, { kind: KINDS[kind], attributes: defined(attributes) }, parent);
      return spanOf(span, trace.setSpan(parent, span));
    },
    active: () => active.getStore()?.span,
    flush: () => inTime(provider.forceFlush(), log),
    close: () => inTime(provider.shutdown(), log),
  };
}

async function inTime(flushing: Promise<void>, log: Logger): Promise<void> {
  const bound = new AbortController();
  const flushed = flushing.catch((err: unknown) => log.debug({ err }, 'traces were not sent'));
  await Promise.race([flushed, sleep(FLUSH_MS, undefined, { signal: bound.signal }).catch(() => {})]);
  bound.abort();
}

interface SpanInContext {
  readonly span: Span;
  readonly context: Context;
}

function createProvider(fields: TracingOptions['fields'], log: Logger): BasicTracerProvider {
  const onceRead = reportMistakes(log);
  // The operator's own attributes count before ours.
  const resource = defaultResource()
    .merge(
      resourceFromAttributes({ 'service.name': NAME, 'host.name': hostname(), ...processAttributes(fields) }),
    )
    .merge(detectResources({ detectors: [envDetector] }));
  const exporter = withOutages(new OTLPTraceExporter(), log);
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(exporter)] });
  onceRead();
  return provider;
}

function processAttributes(fields: TracingOptions['fields']): Attributes {
  const own = Object.entries(fields).map(([name, value]) => [`registry_cache.${name}`, value]);
  return { 'process.pid': process.pid, ...Object.fromEntries(own) };
}

/**
 * What the SDK says while it reads its variables, which it is when the returned function is called, is about them. Later it says
 * more than once what `withOutages` says once.
 */
function reportMistakes(log: Logger): () => void {
  let isReading = true;
  const debug = (reason: string): void => log.debug({ reason }, 'said by the SDK of traces');
  const warn = (reason: string): void =>
    isReading ? log.warn({ reason }, 'setting of traces cannot be used') : debug(reason);
  const logger = { error: warn, warn, info: debug, debug, verbose: debug };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  return () => {
    isReading = false;
  };
}

function defined(attributes: SpanAttributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

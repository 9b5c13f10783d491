import { expect, test } from 'vitest';
import { Findings } from '../src/findings.ts';
import type { TelemetrySettings } from '../src/settings.ts';
import { telemetrySettings } from '../src/telemetry.ts';

interface Loaded {
  readonly telemetry: TelemetrySettings | undefined;
  readonly warnings: readonly string[];
}

function load(env: Record<string, string>): Loaded {
  const findings = new Findings();
  const telemetry = telemetrySettings(env, findings);
  findings.throwProblems();
  return { telemetry, warnings: findings.warnings };
}

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

test.each<[string, Record<string, string>]>([
  ['an endpoint', ENDPOINT],
  ['an endpoint for traces', { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector/v1/traces' }],
  ['the exporter', { OTEL_TRACES_EXPORTER: 'otlp' }],
  ['one exporter of several', { OTEL_TRACES_EXPORTER: 'console, otlp' }],
  ['a switch that is not on', { ...ENDPOINT, OTEL_SDK_DISABLED: 'false' }],
])('%s asks for traces', (_, env) => {
  expect(load(env)).toEqual({ telemetry: env, warnings: [] });
});

test.each<[string, Record<string, string>]>([
  ['nothing', {}],
  ['a name alone', { OTEL_SERVICE_NAME: 'cache' }],
  ['an empty endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }],
  ['an endpoint of metrics', { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://collector:4318' }],
  ['an exporter none', { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }],
  ['a switch', { ...ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' }],
])('%s asks for none', (_, env) => {
  expect(load(env)).toEqual({ telemetry: undefined, warnings: [] });
});

test('every variable of OpenTelemetry is passed on, and no other', () => {
  const env = { ...ENDPOINT, OTEL_SERVICE_NAME: 'cache', OTEL_EXPORTER_OTLP_HEADERS: 'a=hunter2', HOME: '/' };
  const { HOME: _, ...otel } = env;
  expect(load(env).telemetry).toEqual(otel);
});

test.each(['grpc', 'http/json'])('the protocol %s is warned of, with what to do', (protocol) => {
  const { telemetry, warnings } = load({ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: protocol });
  expect(telemetry).toBeDefined();
  expect(warnings).toEqual([expect.stringContaining('expected http/protobuf')]);
});

test('the protocol of traces counts before that of all signals', () => {
  const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' };
  expect(load({ ...ENDPOINT, ...env }).warnings).toEqual([]);
});

test.each<[string, Record<string, string>]>([
  ['another exporter', { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'zipkin' }],
  ['what is no URL', { OTEL_EXPORTER_OTLP_ENDPOINT: 'u:hunter2@collector:4318' }],
])('%s is warned of and sends nothing, without a secret', (_, env) => {
  const { telemetry, warnings } = load(env);
  expect(telemetry).toBeUndefined();
  expect(warnings).toEqual([expect.stringContaining('no traces are sent')]);
  expect(warnings.join()).not.toContain('hunter2');
});

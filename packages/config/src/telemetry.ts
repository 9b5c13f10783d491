import type { Environment } from './environment.ts';
import type { Findings } from './findings.ts';
import type { TelemetrySettings } from './settings.ts';

const PREFIX = 'OTEL_';
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const;
const PROTOCOLS = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'] as const;

/**
 * Every variable `OTEL_*`, where they ask for traces: by naming the exporter otlp, or an endpoint for it. What is wrong in them
 * is warned of and stops nothing, as the specification has it.
 *
 * @see OpenTelemetry, "Environment variable specification"
 */
export function telemetrySettings(env: Environment, findings: Findings): TelemetrySettings | undefined {
  const variables = Object.fromEntries(
    Object.entries(env)
      .filter(([name]) => name.startsWith(PREFIX))
      .map(([name, value]) => [name, value?.trim() ?? ''] as const)
      .filter(([, value]) => value !== ''),
  );
  if (variables['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return undefined;
  if (!wantsTraces(variables, findings) || !hasUsableEndpoint(variables, findings)) return undefined;
  warnOfProtocol(variables, findings);
  return variables;
}

function wantsTraces(variables: TelemetrySettings, findings: Findings): boolean {
  const exporter = variables['OTEL_TRACES_EXPORTER'];
  if (exporter === undefined) return ENDPOINTS.some((name) => variables[name] !== undefined);
  const exporters = exporter.split(',').map((name) => name.trim());
  if (exporters.includes('otlp')) return true;
  if (!exporters.includes('none')) {
    findings.warning('OTEL_TRACES_EXPORTER: expected otlp or none; no traces are sent');
  }
  return false;
}

/** Nothing of its value is shown: a URL may hold a password. */
function hasUsableEndpoint(variables: TelemetrySettings, findings: Findings): boolean {
  const name = ENDPOINTS.find((candidate) => variables[candidate] !== undefined);
  const endpoint = name === undefined ? undefined : variables[name];
  if (name === undefined || endpoint === undefined) return true;
  if (/^https?:\/\//i.test(endpoint) && URL.canParse(endpoint)) return true;
  findings.warning(
    `${name}: expected the URL of a collector, such as http://localhost:4318; no traces are sent`,
  );
  return false;
}

function warnOfProtocol(variables: TelemetrySettings, findings: Findings): void {
  const name = PROTOCOLS.find((candidate) => variables[candidate] !== undefined);
  if (name === undefined || variables[name] === 'http/protobuf') return;
  findings.warning(
    `${name}: expected http/protobuf, which is what traces are sent as; set it to that, and let the endpoint name the port ` +
      'that the collector has for HTTP, 4318 unless it was changed (4317 is gRPC, which this cache does not speak)',
  );
}

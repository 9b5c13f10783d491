import type { AdminSettings } from '@registry-cache/config';
import {
  METRICS,
  type CounterName,
  type Gauge,
  type GaugeName,
  type HistogramName,
  type MetricDefinition,
  type MetricName,
} from '@registry-cache/runtime';
import type { Counters, SeriesValue } from './counters.ts';
import { listGauges } from './gauges.ts';
import type { Observatory } from './observatory.ts';

/** As `Registry.getMetricsAsJSON` of prom-client tells of a metric. */
interface JsonMetric {
  readonly name: string;
  readonly help: string;
  readonly type: MetricDefinition['kind'];
  readonly aggregator: 'sum';
  readonly values: readonly JsonValue[];
}

interface JsonValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** Where it is not the metric's own. */
  readonly metricName?: string;
}

const PREFIX = 'registry_cache_';

/** All metrics of all processes, in Prometheus' text format. */
export async function renderMetrics(observatory: Observatory, settings: AdminSettings): Promise<string> {
  // Nobody may ever want to know.
  const { AggregatorRegistry } = await import('prom-client');
  const gauges = listGauges(observatory, settings);
  const metrics = Object.entries(METRICS).map(([name, definition]) =>
    // The keys of METRICS are the names.
    describeMetric(name as MetricName, definition, observatory.counters, gauges),
  );
  return AggregatorRegistry.aggregate([[...metrics, buildInfo(settings.version)]]).metrics();
}

function buildInfo(version: string): JsonMetric {
  return {
    name: `${PREFIX}build_info`,
    help: 'Always 1; which version of registry-cache this is.',
    type: 'gauge',
    aggregator: 'sum',
    values: [{ value: 1, labels: { version } }],
  };
}

function describeMetric(
  name: MetricName,
  definition: MetricDefinition,
  counters: Counters,
  gauges: readonly Gauge[],
): JsonMetric {
  const { kind, help, labels } = definition;
  return {
    name: `${PREFIX}${name}`,
    help,
    type: kind,
    aggregator: 'sum',
    values: {
      counter: () => toJson(counters.values(name as CounterName), labels),
      gauge: () =>
        toJson(
          gauges.filter(({ metric }) => metric === (name as GaugeName)),
          labels,
        ),
      histogram: () => histogramValues(name as HistogramName, definition, counters),
    }[kind](),
  };
}

function toJson(values: Iterable<SeriesValue>, names: readonly string[]): readonly JsonValue[] {
  return [...values].map(({ labels, value }) => ({ value, labels: withNames(names, labels) }));
}

function withNames(names: readonly string[], labels: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, labels[index] ?? '']));
}

/** Processes count each value in one bucket; here a bucket holds all values below its bound. */
function histogramValues(
  name: HistogramName,
  { labels: names, buckets = [] }: MetricDefinition,
  counters: Counters,
): readonly JsonValue[] {
  const counted = new Map<string, number>();
  for (const { labels, value } of counters.values(`${name}_bucket`))
    counted.set(JSON.stringify(labels), value);
  return [...counters.values(`${name}_sum`)].flatMap(({ labels, value: sum }) => {
    const own = withNames(names, labels);
    let count = 0;
    const values = [...buckets.map(String), '+Inf'].map((le) => {
      count += counted.get(JSON.stringify([...labels, le])) ?? 0;
      return { metricName: `${PREFIX}${name}_bucket`, value: count, labels: { le, ...own } };
    });
    return [
      ...values,
      { metricName: `${PREFIX}${name}_sum`, value: sum, labels: own },
      { metricName: `${PREFIX}${name}_count`, value: count, labels: own },
    ];
  });
}

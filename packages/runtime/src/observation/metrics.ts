/** A metric as Prometheus knows it, but for its prefix `registry_cache_`. */
export interface MetricDefinition {
  readonly help: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, ascending, without the last one that holds everything. */
  readonly buckets?: readonly number[];
}

/** One text for each label, in the order of `METRICS`. */
interface Counters {
  readonly requests_total: readonly [upstream: string, kind: string, outcome: string, status: string];
  readonly client_bytes_total: readonly [upstream: string, outcome: string];
  readonly saved_bytes_total: readonly [upstream: string];
  readonly refused_requests_total: readonly [code: string];
  readonly upstream_bytes_total: readonly [upstream: string];
  readonly upstream_requests_total: readonly [upstream: string, status: string];
  readonly upstream_errors_total: readonly [upstream: string, code: string];
  readonly fills_total: readonly [upstream: string, end: string];
  readonly fill_bytes_total: readonly [upstream: string];
  readonly evicted_blobs_total: readonly [];
  readonly evicted_bytes_total: readonly [];
  readonly expired_blobs_total: readonly [];
  readonly expired_bytes_total: readonly [];
  readonly cleaner_passes_total: readonly [end: string];
  readonly notifications_total: readonly [endpoint: string, end: string];
  readonly process_restarts_total: readonly [process: string];
  readonly process_cpu_seconds_total: readonly [process: string];
}

/** As `Counters`. */
interface Histograms {
  readonly request_duration_seconds: readonly [upstream: string, kind: string, outcome: string];
  readonly upstream_duration_seconds: readonly [upstream: string];
  readonly fill_duration_seconds: readonly [upstream: string];
}

/** As `Counters`. */
interface Gauges {
  readonly fills_running: readonly [upstream: string];
  readonly upstream_up: readonly [upstream: string];
  readonly upstream_rate_limit_remaining: readonly [upstream: string];
  readonly client_connections: readonly [process: string];
  readonly disk_used_bytes: readonly [];
  readonly disk_limit_bytes: readonly [];
  readonly disk_threshold_bytes: readonly [];
  readonly disk_free_bytes: readonly [];
  readonly blobs: readonly [];
  readonly pinned_bytes: readonly [];
  readonly oldest_access_timestamp_seconds: readonly [];
  readonly process_resident_memory_bytes: readonly [process: string];
  readonly event_loop_delay_seconds: readonly [process: string];
  readonly process_up: readonly [process: string];
}

export type CounterName = keyof Counters;
export type HistogramName = keyof Histograms;
export type GaugeName = keyof Gauges;
export type MetricName = CounterName | HistogramName | GaugeName;

/** One text for each of a metric's labels, in their order. */
export type LabelsOf<Name extends MetricName> = (Counters & Histograms & Gauges)[Name];

const ANSWER_SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const FILL_SECONDS = [0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600];

/**
 * What processes count and measure, by its name without `registry_cache_`.
 *
 * @see Prometheus, "Metric and label naming"
 */
export const METRICS: Readonly<Record<MetricName, MetricDefinition>> = {
  requests_total: {
    kind: 'counter',
    help: 'Requests of clients about an upstream, by their answers; 499 for clients that left before there was one.',
    labels: ['upstream', 'kind', 'outcome', 'status'],
  },
  client_bytes_total: {
    kind: 'counter',
    help: 'Body bytes sent to clients.',
    labels: ['upstream', 'outcome'],
  },
  saved_bytes_total: {
    kind: 'counter',
    help: 'Body bytes sent to clients that no upstream had to send for them.',
    labels: ['upstream'],
  },
  request_duration_seconds: {
    kind: 'histogram',
    help: 'From the head of a request to the end of its answer.',
    labels: ['upstream', 'kind', 'outcome'],
    buckets: ANSWER_SECONDS,
  },
  refused_requests_total: {
    kind: 'counter',
    help: 'Requests that were answered with an error before they reached an upstream.',
    labels: ['code'],
  },
  upstream_bytes_total: {
    kind: 'counter',
    help: 'Body bytes of manifests, blobs and lists received from upstreams.',
    labels: ['upstream'],
  },
  upstream_requests_total: {
    kind: 'counter',
    help: 'Answers of upstreams and of the hosts that they redirect to.',
    labels: ['upstream', 'status'],
  },
  upstream_errors_total: {
    kind: 'counter',
    help: 'Questions to upstreams that failed, by the kind of failure.',
    labels: ['upstream', 'code'],
  },
  upstream_duration_seconds: {
    kind: 'histogram',
    help: 'From a question to an upstream to the head of its answer.',
    labels: ['upstream'],
    buckets: ANSWER_SECONDS,
  },
  fills_total: {
    kind: 'counter',
    help: 'Blobs fetched from upstreams, by how it ended: stored, unstored, failed, deserted.',
    labels: ['upstream', 'end'],
  },
  fill_bytes_total: {
    kind: 'counter',
    help: 'Bytes of blobs and manifests that were stored.',
    labels: ['upstream'],
  },
  fill_duration_seconds: {
    kind: 'histogram',
    help: 'From the head of a blob from its upstream to its place in the store.',
    labels: ['upstream'],
    buckets: FILL_SECONDS,
  },
  fills_running: { kind: 'gauge', help: 'Blobs that are being fetched now.', labels: ['upstream'] },
  upstream_up: {
    kind: 'gauge',
    help: '1 unless an upstream that was asked has not answered and is left alone for a while; a worker that sleeps counts as 1.',
    labels: ['upstream'],
  },
  upstream_rate_limit_remaining: {
    kind: 'gauge',
    help: 'Pulls that the upstream said it still allows.',
    labels: ['upstream'],
  },
  client_connections: { kind: 'gauge', help: 'Connections of clients.', labels: ['process'] },
  evicted_blobs_total: { kind: 'counter', help: 'Blobs removed for space.', labels: [] },
  evicted_bytes_total: { kind: 'counter', help: 'Bytes removed for space.', labels: [] },
  expired_blobs_total: { kind: 'counter', help: 'Blobs removed by age.', labels: [] },
  expired_bytes_total: { kind: 'counter', help: 'Bytes removed by age.', labels: [] },
  cleaner_passes_total: {
    kind: 'counter',
    help: 'Passes of the cleaner, by how they ended: done, failed.',
    labels: ['end'],
  },
  disk_used_bytes: { kind: 'gauge', help: 'Size of all stored blobs.', labels: [] },
  disk_limit_bytes: { kind: 'gauge', help: 'cleaner.maxsize.', labels: [] },
  disk_threshold_bytes: { kind: 'gauge', help: 'Size above which blobs are evicted.', labels: [] },
  disk_free_bytes: { kind: 'gauge', help: 'Free space of the file system with the data.', labels: [] },
  blobs: { kind: 'gauge', help: 'Stored blobs.', labels: [] },
  pinned_bytes: { kind: 'gauge', help: 'Size of stored blobs that pins keep from eviction.', labels: [] },
  oldest_access_timestamp_seconds: {
    kind: 'gauge',
    help: 'When the least recently used blob was last used; pinned ones do not count.',
    labels: [],
  },
  notifications_total: {
    kind: 'counter',
    help: 'Events for an endpoint of notifications, by what became of them: sent, dropped.',
    labels: ['endpoint', 'end'],
  },
  process_restarts_total: {
    kind: 'counter',
    help: 'Starts of a process after it ended by itself; one that slept and was woken does not count.',
    labels: ['process'],
  },
  process_resident_memory_bytes: {
    kind: 'gauge',
    help: 'Resident memory of each process.',
    labels: ['process'],
  },
  process_cpu_seconds_total: { kind: 'counter', help: 'CPU time of each process.', labels: ['process'] },
  event_loop_delay_seconds: {
    kind: 'gauge',
    help: 'How late the event loop of a process was at most since it was last asked.',
    labels: ['process'],
  },
  process_up: {
    kind: 'gauge',
    help: '1 for a process that serves or sleeps until it is needed.',
    labels: ['process'],
  },
};

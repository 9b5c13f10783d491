import type { WorkerDetail } from '@registry-cache/control';
import type { UpstreamName } from '@registry-cache/oci';
import type { Gauge, ObservationDetail } from '@registry-cache/runtime';
import type { PullThrough } from './pull-through.ts';
import type { ObservableUpstream } from './upstream/create-upstream-registry.ts';

export interface WorkerParts {
  readonly upstreamName: UpstreamName;
  readonly upstream: Pick<ObservableUpstream, 'observe'>;
  readonly pullThrough: Pick<PullThrough, 'runningFills' | 'lastStoredAtMs'>;
}

/** What a worker has to tell besides what it has counted. */
export function observeWorker({ upstreamName, upstream, pullThrough }: WorkerParts): ObservationDetail {
  const { outage, rateLimit } = upstream.observe();
  const fills = pullThrough.runningFills();
  const lastStoredAtMs = pullThrough.lastStoredAtMs();
  const detail: WorkerDetail = {
    fills,
    ...(lastStoredAtMs === undefined ? {} : { lastStoredAtMs }),
    ...(outage === undefined ? {} : { outage }),
    ...(rateLimit === undefined ? {} : { rateLimit }),
  };
  const gauge = (metric: Gauge['metric'], value: number): Gauge => ({
    metric,
    labels: [upstreamName],
    value,
  });
  return {
    gauges: [
      gauge('fills_running', fills.length),
      gauge('upstream_up', outage?.state === 'down' ? 0 : 1),
      ...(rateLimit === undefined ? [] : [gauge('upstream_rate_limit_remaining', rateLimit.remaining)]),
    ],
    detail,
  };
}

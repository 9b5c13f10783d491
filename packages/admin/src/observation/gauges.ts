import type { AdminSettings } from '@registry-cache/config';
import type { Gauge } from '@registry-cache/runtime';
import { thresholdBytes } from './threshold-bytes.ts';
import type { Observatory } from './observatory.ts';

/**
 * What is measured now, each series once. Where a process has said nothing, as one that sleeps, it is what that means: no fills, and an
 * upstream that nobody complains about.
 */
export function listGauges(observatory: Observatory, settings: AdminSettings): readonly Gauge[] {
  const gauges = [
    ...settings.upstreams.flatMap(({ name }) => idleGauges(name)),
    ...observatory.processes.flatMap(({ observation }) => observation?.gauges ?? []),
    ...observatory.processes.flatMap((process) => processGauges(process, observatory)),
    ...supervisorGauges(observatory),
    ...settings.upstreams.flatMap(({ name }) => rateLimitGauges(name, observatory)),
    ...diskGauges(observatory, settings),
  ];
  // The last one of a series counts.
  return [...new Map(gauges.map((gauge) => [JSON.stringify([gauge.metric, gauge.labels]), gauge])).values()];
}

function idleGauges(upstream: string): readonly Gauge[] {
  return [
    { metric: 'fills_running', labels: [upstream], value: 0 },
    { metric: 'upstream_up', labels: [upstream], value: 1 },
  ];
}

function processGauges(
  { id, state, observation }: Observatory['processes'][number],
  observatory: Observatory,
): readonly Gauge[] {
  const isUp = state === 'serving' || state === 'asleep';
  const gauges: Gauge[] = [{ metric: 'process_up', labels: [id], value: isUp ? 1 : 0 }];
  if (observation === undefined) return gauges;
  const value = observation.residentBytes;
  gauges.push({ metric: 'process_resident_memory_bytes', labels: [id], value });
  const delay = observatory.findEventLoopDelay(id);
  if (delay !== undefined) gauges.push({ metric: 'event_loop_delay_seconds', labels: [id], value: delay });
  return gauges;
}

function supervisorGauges({ supervisor }: Observatory): readonly Gauge[] {
  if (supervisor === undefined) return [];
  const value = supervisor.residentBytes;
  return [{ metric: 'process_resident_memory_bytes', labels: ['supervisor'], value }];
}

function rateLimitGauges(upstream: string, observatory: Observatory): readonly Gauge[] {
  const limit = observatory.findRateLimit(upstream);
  if (limit === undefined) return [];
  return [{ metric: 'upstream_rate_limit_remaining', labels: [upstream], value: limit.remaining }];
}

function diskGauges({ disk }: Observatory, { cleaner }: AdminSettings): readonly Gauge[] {
  const gauges: Gauge[] = [
    { metric: 'disk_limit_bytes', labels: [], value: cleaner.maxSizeBytes },
    { metric: 'disk_threshold_bytes', labels: [], value: thresholdBytes(cleaner) },
  ];
  const usage = disk.find();
  if (usage === undefined) return gauges;
  const { estimatedBytes, freeBytes, blobs, pinnedBytes, oldestAccessMs } = usage;
  gauges.push(
    { metric: 'disk_used_bytes', labels: [], value: estimatedBytes },
    { metric: 'disk_free_bytes', labels: [], value: freeBytes },
    { metric: 'blobs', labels: [], value: blobs },
    { metric: 'pinned_bytes', labels: [], value: pinnedBytes },
  );
  if (oldestAccessMs !== undefined) {
    gauges.push({ metric: 'oldest_access_timestamp_seconds', labels: [], value: oldestAccessMs / 1000 });
  }
  return gauges;
}

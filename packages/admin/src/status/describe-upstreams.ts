import type { AdminSettings, AdminUpstream } from '@registry-cache/config';
import type { RunningFill, UpstreamStatus } from '@registry-cache/control';
import type { ObservedProcess } from '@registry-cache/runtime';
import type { Observatory } from '../observation/observatory.ts';
import { workerDetail } from '../observation/upstream-memory.ts';
import { describeTraffic } from './describe-traffic.ts';

export function describeUpstreams(
  observatory: Observatory,
  settings: AdminSettings,
): readonly UpstreamStatus[] {
  return settings.upstreams.map((upstream) => describeUpstream(upstream, observatory));
}

export function describeUpstream({ name, url }: AdminUpstream, observatory: Observatory): UpstreamStatus {
  const worker = observatory.processes.find((process) => process.upstream === name);
  const outage = worker === undefined ? undefined : workerDetail(worker)?.outage;
  const rateLimit = observatory.findRateLimit(name);
  return {
    name,
    url,
    state: outage?.state ?? stateOf(worker),
    ...(outage === undefined ? {} : { problem: outage.problem, askedAgainAtMs: outage.askedAgainAtMs }),
    ...(rateLimit === undefined ? {} : { rateLimit }),
    traffic: describeTraffic(observatory.counters, name),
  };
}

function stateOf(worker: ObservedProcess | undefined): UpstreamStatus['state'] {
  switch (worker?.state) {
    case undefined:
    case 'asleep':
      return 'idle';
    case 'ended':
      return 'restarting';
    case 'starting':
      // One that is woken has not failed.
      return worker.restarts > 0 ? 'restarting' : 'up';
    case 'serving':
      return 'up';
  }
}

/** Of all upstreams, the oldest first. */
export function listFills({ processes }: Observatory): readonly RunningFill[] {
  return processes
    .flatMap((process) => {
      const fills = workerDetail(process)?.fills ?? [];
      return fills.map((fill) => ({ upstream: process.upstream ?? '', ...fill }));
    })
    .toSorted((a, b) => a.startedAtMs - b.startedAtMs);
}

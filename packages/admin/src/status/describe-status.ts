import type { AdminSettings } from '@registry-cache/config';
import type { DiskStatus, ProcessStatus, Status, WarmJobStatus } from '@registry-cache/control';
import type { ObservedProcess } from '@registry-cache/runtime';
import type { Observatory } from '../observation/observatory.ts';
import { thresholdBytes } from '../observation/threshold-bytes.ts';
import { describeTraffic } from './describe-traffic.ts';
import { describeUpstreams, listFills } from './describe-upstreams.ts';

export interface StatusParts {
  readonly observatory: Observatory;
  readonly settings: AdminSettings;
  /** Of this process: the cache's own, until it is known. */
  readonly startedAtMs: number;
  readonly warming: readonly WarmJobStatus[];
}

export function describeStatus({ observatory, settings, startedAtMs, warming }: StatusParts): Status {
  return {
    version: settings.version,
    address: settings.address,
    dataDirectory: settings.rootDirectory,
    startedAtMs: Math.round(observatory.supervisor?.startedAtMs ?? startedAtMs),
    ...(observatory.supervisor === undefined ? {} : { supervisor: observatory.supervisor }),
    processes: observatory.processes.map((process) => describeProcess(process, observatory)),
    upstreams: describeUpstreams(observatory, settings),
    traffic: describeTraffic(observatory.counters),
    disk: describeDisk(observatory, settings),
    fills: listFills(observatory),
    warming,
    errors: observatory.errors,
  };
}

function describeProcess(process: ObservedProcess, observatory: Observatory): ProcessStatus {
  const { observation, ...description } = process;
  const delay = observatory.findEventLoopDelay(process.id);
  return {
    ...description,
    ...(observation === undefined ? {} : { residentBytes: observation.residentBytes }),
    ...(delay === undefined ? {} : { eventLoopDelaySeconds: delay }),
  };
}

function describeDisk({ disk }: Observatory, { cleaner }: AdminSettings): DiskStatus {
  const usage = disk.find();
  return {
    usedBytes: usage?.estimatedBytes,
    blobs: usage?.blobs,
    maxSizeBytes: cleaner.maxSizeBytes,
    thresholdBytes: thresholdBytes(cleaner),
    pinnedBytes: usage?.pinnedBytes,
    freeBytes: usage?.freeBytes,
    measuredAtMs: usage?.measuredAtMs,
  };
}

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Observation, ObservationDetail } from './observation.ts';
import type { Tally } from './tally.ts';

/** Observes its own process. */
export interface Observer {
  observe(detail: ObservationDetail): Observation;
}

// An idle process is woken that often while its event loop is measured.
const RESOLUTION_MS = 50;
const NS_PER_SECOND = 1e9;

/** @param measureEventLoop has the process woken 20 times a second */
export function createObserver(tally: Tally, measureEventLoop: boolean): Observer {
  const delays = measureEventLoop ? monitorEventLoopDelay({ resolution: RESOLUTION_MS }) : undefined;
  delays?.enable();
  let cpuBefore = { user: 0, system: 0 };
  return {
    observe({ gauges = [], detail }) {
      const cpu = process.cpuUsage();
      const cpuSeconds = (cpu.user - cpuBefore.user + cpu.system - cpuBefore.system) / 1e6;
      cpuBefore = cpu;
      // It counts from the timer's own period on.
      const delaySeconds = delays && Math.max(0, delays.max / NS_PER_SECOND - RESOLUTION_MS / 1000);
      delays?.reset();
      return {
        increments: tally.take(),
        gauges,
        residentBytes: process.memoryUsage.rss(),
        cpuSeconds,
        ...(delaySeconds === undefined ? {} : { eventLoopDelaySeconds: delaySeconds }),
        ...(detail === undefined ? {} : { detail }),
      };
    },
  };
}

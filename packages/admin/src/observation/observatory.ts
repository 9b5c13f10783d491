import type { AdminSettings } from '@registry-cache/config';
import type { CleanerDetail, LoggedError, RateLimitStatus } from '@registry-cache/control';
import type {
  FleetObservation,
  Increment,
  Logger,
  ObservedProcess,
  SupervisorObservation,
} from '@registry-cache/runtime';
import type { Supervisor } from './ask-supervisor.ts';
import { beginCounters } from './begin-counters.ts';
import { createCounters, type Counters } from './counters.ts';
import { createDiskUsage, type DiskMemory, type DiskUsage, type Filled } from './disk-usage.ts';
import { createLogErrors } from './log-errors.ts';
import { createRecentMaximum } from './recent-maximum.ts';
import { waitFor } from '../wait-for.ts';
import { createSharedTask } from './shared-task.ts';
import { createUpstreamMemory, workerDetail, type RateLimits } from './upstream-memory.ts';

/** What is known of all processes, and of what they have done since this one started. */
export interface Observatory {
  /** Looks anew, with whoever else asks, and not more than four times a second. */
  look(signal: AbortSignal): Promise<void>;
  /** Why the last look has failed: what follows is as old as the look before. */
  readonly blindness: string | undefined;
  readonly processes: readonly ObservedProcess[];
  /** Whether there is something that a former life of this process has counted. */
  readonly hasFormerLife: boolean;
  /** Undefined before the first look. */
  readonly supervisor: SupervisorObservation | undefined;
  readonly counters: Counters;
  readonly disk: DiskUsage;
  /** The latest last. */
  readonly errors: readonly LoggedError[];
  findRateLimit(upstream: string): RateLimitStatus | undefined;
  /** In seconds, the longest of the last minute. */
  findEventLoopDelay(processId: string): number | undefined;
  reload(settings: AdminSettings): void;
  /** For the next life of this process, as its last words. */
  remember(): AdminMemory;
}

/** What this process knows and nobody else, when it falls asleep. */
export interface AdminMemory {
  readonly increments: readonly Increment[];
  readonly disk: DiskMemory;
  readonly rateLimits: RateLimits;
}

export interface ObservatoryOptions {
  readonly settings: AdminSettings;
  readonly supervisor: Supervisor;
  readonly log: Logger;
  readonly now: () => number;
  /** Of this process. */
  readonly closing: AbortSignal;
}

const ASK_AT_MOST_EVERY_MS = 250;
const ANSWER_TIMEOUT_MS = 5_000;

export function createObservatory(options: ObservatoryOptions): Observatory {
  const { supervisor, log, now, closing } = options;
  const counters = createCounters();
  beginCounters(counters, options.settings);
  const disk = createDiskUsage();
  const errors = createLogErrors();
  const upstreams = createUpstreamMemory(now);
  const delays = createRecentMaximum(now);
  let processes: readonly ObservedProcess[] = [];
  let supervisorItself: SupervisorObservation | undefined;
  let blindness: string | undefined;
  let hasFormerLife = false;

  const recall = (memory: AdminMemory): void => {
    hasFormerLife = true;
    for (const increment of memory.increments) counters.add(increment);
    disk.recall(memory.disk);
    upstreams.recall(memory.rateLimits);
  };
  const take = (fleet: FleetObservation): void => {
    const memory = formerLife(fleet);
    if (memory !== undefined) recall(memory);
    for (const process of [...fleet.departed, ...fleet.processes]) {
      count(counters, process);
      const delay = process.observation?.eventLoopDelaySeconds;
      if (delay !== undefined) delays.add(process.id, delay);
    }
    disk.observe(cleanerDetail(fleet), filledBy(fleet, now()));
    upstreams.take(fleet);
    processes = fleet.processes;
    supervisorItself = fleet.supervisor;
  };
  const lookNow = async (): Promise<void> => {
    const bound = AbortSignal.any([closing, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
    try {
      // What comes too late counts all the same: nobody tells it again.
      await waitFor(supervisor.observe(closing).then(take), bound);
      errors.take(await supervisor.log(errors.lastNumber, bound));
      blindness = undefined;
    } catch (err) {
      if (closing.aborted) return;
      if (blindness === undefined) log.warn({ err }, 'processes could not be observed');
      blindness = err instanceof Error ? err.message : String(err);
    }
  };
  const task = createSharedTask(lookNow, ASK_AT_MOST_EVERY_MS);

  return {
    look: (signal) => task.run(signal),
    counters,
    disk,
    get blindness() {
      return blindness;
    },
    get processes() {
      return processes;
    },
    get hasFormerLife() {
      return hasFormerLife;
    },
    get supervisor() {
      return supervisorItself;
    },
    get errors() {
      return errors.list();
    },
    findRateLimit: (upstream) => upstreams.findRateLimit(upstream),
    findEventLoopDelay: (processId) => delays.find(processId),
    reload: (settings) => beginCounters(counters, settings),
    remember: () => ({
      increments: counters.increments(),
      disk: disk.remember(),
      rateLimits: upstreams.rateLimits(),
    }),
  };
}

function count(counters: Counters, { id, restarts, observation }: ObservedProcess): void {
  for (const increment of observation?.increments ?? []) counters.add(increment);
  const cpuSeconds = observation?.cpuSeconds ?? 0;
  counters.add({ series: 'process_cpu_seconds_total', labels: [id], by: cpuSeconds });
  counters.set('process_restarts_total', [id], restarts);
}

/** What this process has said when it fell asleep. */
function formerLife({ departed }: FleetObservation): AdminMemory | undefined {
  // Of the same build, and of the same cache.
  return departed.find(({ name }) => name === 'admin')?.observation?.detail as AdminMemory | undefined;
}

/** What workers have stored since the fleet was observed before. */
function filledBy({ sinceMs, departed, processes }: FleetObservation, nowMs: number): readonly Filled[] {
  return [...departed, ...processes].map((process) => {
    const increments = process.observation?.increments ?? [];
    const filled = increments.filter(({ series }) => series === 'fill_bytes_total');
    const bytes = filled.reduce((sum, { by }) => sum + by, 0);
    return { bytes, fromMs: sinceMs, toMs: workerDetail(process)?.lastStoredAtMs ?? nowMs };
  });
}

/** What the cleaner has measured last, in this life or a former one. */
function cleanerDetail({ departed, processes }: FleetObservation): CleanerDetail | undefined {
  const said = [...departed, ...processes].filter(({ name }) => name === 'cleaner');
  const details = said.map(({ observation }) => observation?.detail).filter((detail) => detail !== undefined);
  // A cleaner of the same build has sent it.
  return details.at(-1) as CleanerDetail | undefined;
}

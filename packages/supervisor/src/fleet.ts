import { createLog, type Logger, type LogLine, type ProcessName } from '@registry-cache/runtime';
import { once } from 'node:events';
import { createBackoff } from './backoff.ts';
import { createDiskPressure, type DiskPressure } from './disk-pressure.ts';
import type { ListeningSocket } from './listening-socket.ts';
import type { LogDestination } from './log-destination.ts';
import type { PlannedProcess } from './process-plan.ts';
import { createQuestions, type Questions } from './questions.ts';
import { SupervisedProcess } from './supervised-process.ts';

export interface FleetOptions {
  readonly entryPoint: (name: ProcessName) => string;
  /** What proxies listen on, where there are several. */
  readonly listeningSocket?: ListeningSocket | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly destination: LogDestination;
  /** The last lines of all processes, after this number. */
  readonly recentLines: (after: number) => readonly LogLine[];
  readonly log: Logger;
  /** For each life of a process, from its start to `ready`. */
  readonly readyTimeoutMs: number;
  /** How often each process is asked whether it lives. */
  readonly heartbeatMs?: number;
}

/** The processes that are kept alive, by their id. Who created it stops or kills them all. */
export interface Fleet {
  /** Starts a process, unless it runs on demand; true when it serves or may be woken. One that does not is still kept alive, and logged. */
  start(planned: PlannedProcess, signal: AbortSignal): Promise<boolean>;
  /** Sends new settings, which one that sleeps is started by; true when they are in effect. */
  reload(planned: PlannedProcess, signal: AbortSignal): Promise<boolean>;
  /** Starts a process that sleeps, or as soon as it does. */
  wake(id: string): void;
  /** Lets a process finish, and kills it after `graceMs`; true when it ended in time, or does not run. */
  stop(id: string, graceMs: number): Promise<boolean>;
  /** From now on nothing is started again: a service manager may have told every process to end, not only the first. */
  allowToEnd(): void;
  /** Ends all processes at once. */
  kill(): void;
  /** Ids of those that run, of this name where one is given, also of those that are finishing. */
  ids(name?: ProcessName): readonly string[];
}

const HEARTBEAT_MS = 10_000;
const RESTART = { minMs: 100, maxMs: 10_000, healthyAfterMs: 60_000, random: Math.random };

export function createFleet(options: FleetOptions): Fleet {
  const { log, readyTimeoutMs } = options;
  const processes = new Map<string, SupervisedProcess>();
  const stopping = new Map<string, Promise<boolean>>();

  const pressure = createDiskPressure({
    makeRoom: () => processes.get('cleaner')?.makeRoom(),
    log,
    now: () => performance.now(),
  });

  const questions = createQuestions({
    processes: () => [...processes.values()],
    recentLines: options.recentLines,
  });

  const wake = (socketPath: string): void => {
    for (const process of processes.values()) if (process.socketPath === socketPath) process.wake();
  };
  const stop = async (id: string, process: SupervisedProcess, graceMs: number): Promise<boolean> => {
    const inTime = await process.stop(graceMs);
    processes.delete(id);
    stopping.delete(id);
    return inTime;
  };
  return {
    async start(planned, signal) {
      // A predecessor that still finishes pulls owns the socket's path until it ends.
      await settledOr(stopping.get(planned.id), signal);
      if (signal.aborted) return false;
      const process = supervise(planned, options, { pressure, questions, wake });
      processes.set(planned.id, process);
      const started = await process.started(AbortSignal.any([signal, AbortSignal.timeout(readyTimeoutMs)]));
      if (!started && !signal.aborted) {
        log.error({ child: planned.id }, 'process does not start, trying on in the background');
      }
      return started;
    },
    async reload(planned, signal) {
      return (await processes.get(planned.id)?.reload(planned, signal)) ?? false;
    },
    wake: (id) => processes.get(id)?.wake(),
    stop(id, graceMs) {
      const process = processes.get(id);
      if (process === undefined) return Promise.resolve(true);
      const stopped = stopping.get(id) ?? stop(id, process, graceMs);
      stopping.set(id, stopped);
      return stopped;
    },
    allowToEnd() {
      for (const process of processes.values()) process.allowToEnd();
    },
    kill() {
      for (const process of processes.values()) process.kill();
    },
    ids: (name) =>
      [...processes].filter(([, process]) => name === undefined || process.name === name).map(([id]) => id),
  };
}

/** Waits for `work`, and no longer than until `signal`: a cache that is told to stop begins to drain at once. */
async function settledOr(work: Promise<unknown> | undefined, signal: AbortSignal): Promise<void> {
  if (work === undefined || signal.aborted) return;
  const waiting = new AbortController();
  const aborted = once(signal, 'abort', { signal: waiting.signal }).catch(() => undefined);
  await Promise.race([work, aborted]);
  waiting.abort();
}

interface Concerned {
  readonly pressure: DiskPressure;
  readonly questions: Questions;
  readonly wake: (socketPath: string) => void;
}

function supervise(
  planned: PlannedProcess,
  options: FleetOptions,
  { pressure, questions, wake }: Concerned,
): SupervisedProcess {
  const { entryPoint, environment, destination, log, readyTimeoutMs, heartbeatMs = HEARTBEAT_MS } = options;
  const upstream = planned.upstream === undefined ? {} : { upstream: planned.upstream };
  const which = planned.number === undefined ? upstream : { number: String(planned.number) };
  const supervised: SupervisedProcess = new SupervisedProcess({
    planned,
    entryPoint: entryPoint(planned.name),
    ...(planned.name === 'proxy' ? { listeningSocket: options.listeningSocket } : {}),
    environment,
    destination,
    log: log.child({ child: planned.name, ...which }),
    outputLog: createLog({
      level: planned.settings.logLevel,
      fields: { process: planned.name, ...which },
      destination,
    }),
    backoff: createBackoff(RESTART),
    readyTimeoutMs,
    heartbeatMs,
    reactions: {
      onWake: wake,
      onDiskFull: () => pressure.report(planned),
      onQuestion: (question) => questions.answer(question),
      onLastWords: (observation) => questions.lastWords(supervised, observation),
    },
    now: () => performance.now(),
  });
  return supervised;
}

import type { ProcessName } from '../entry-points.ts';
import type { Observation } from './observation.ts';

/** What the supervisor knows of a process that it keeps alive. */
export interface ProcessDescription {
  /** `logger`, `worker quay.io`, `proxy 2` */
  readonly id: string;
  readonly name: ProcessName;
  /** Only of workers. */
  readonly upstream?: string;
  /** `asleep`: has nothing to do, and is started when it is needed. `ended`: waits to be started again after a failure. */
  readonly state: 'starting' | 'serving' | 'asleep' | 'ended';
  readonly pid?: number;
  /** Of its present life. */
  readonly startedAtMs?: number;
  /** How often it was started again after it had ended by itself. */
  readonly restarts: number;
}

/** What the supervisor answers when it is asked to observe. */
export interface FleetObservation {
  readonly supervisor: SupervisorObservation;
  /** When it was asked before, or else when it was started: increments have come since. */
  readonly sinceMs: number;
  readonly processes: readonly ObservedProcess[];
  /** Last words of processes that have ended since it was asked before, one for each id. */
  readonly departed: readonly ObservedProcess[];
}

/** Of the supervisor itself. */
export interface SupervisorObservation {
  readonly pid: number;
  readonly startedAtMs: number;
  readonly residentBytes: number;
}

export interface ObservedProcess extends ProcessDescription {
  /** Missing where it sleeps, starts, or has not answered in time. */
  readonly observation?: Observation;
}

/** A line of the log of all processes. */
export interface LogLine {
  /** Counts on from 1. */
  readonly number: number;
  /** JSON. */
  readonly line: string;
}

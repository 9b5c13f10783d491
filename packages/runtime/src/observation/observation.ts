import type { GaugeName } from './metrics.ts';
import type { Increment } from './tally.ts';

/** What a process says of itself when it is asked, and when it ends. */
export interface Observation {
  /** Since the observation before. */
  readonly increments: readonly Increment[];
  readonly gauges: readonly Gauge[];
  readonly residentBytes: number;
  /** Since the observation before. */
  readonly cpuSeconds: number;
  /** The longest since the observation before; missing where it is not measured. */
  readonly eventLoopDelaySeconds?: number;
  /** What this kind of process has to tell besides. */
  readonly detail?: unknown;
}

export interface Gauge {
  readonly metric: GaugeName;
  readonly labels: readonly string[];
  readonly value: number;
}

/** What a process adds to its observation by itself. */
export interface ObservationDetail {
  readonly gauges?: readonly Gauge[];
  readonly detail?: unknown;
}

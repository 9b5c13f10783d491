import type { PeerRow } from '../goals.ts';
import type { Table } from '../measure.ts';
import { medianOf } from '../statistics.ts';

export interface CurveOptions {
  readonly title: string;
  readonly unit: string;
  /** Of the plot, without an ending. */
  readonly file: string;
  readonly xLabel: string;
  readonly note: string;
  /** Where along x it is measured. */
  readonly counts: readonly number[];
  readonly sample: (count: number) => Promise<readonly PeerRow[]>;
}

export const CONNECTION_COUNTS: readonly number[] = [1, 2, 4, 8, 16, 32, 64];

/** A table that is a plot: one line for each peer that could be measured. */
export async function drawCurve(options: CurveOptions): Promise<Table> {
  const points = new Map<string, (readonly [number, number])[]>();
  for (const count of options.counts) {
    for (const { label, samples } of await options.sample(count)) {
      if (samples.length === 0) continue;
      points.set(label, [...(points.get(label) ?? []), [count, medianOf(samples)]]);
    }
  }
  const { title, unit, file, xLabel, note } = options;
  const series = [...points].map(([label, line]) => ({ label, points: line }));
  return { title, unit, rows: [], goals: [], note, plot: { file, xLabel, series } };
}

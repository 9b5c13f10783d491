import type { AdminSettings } from '@registry-cache/config';
import { METRICS, type CounterName } from '@registry-cache/runtime';
import type { Counters } from './counters.ts';

/** What stands in labels besides upstreams is known beforehand for these. */
const ENDS: Partial<Readonly<Record<CounterName, readonly string[]>>> = {
  fills_total: ['stored', 'unstored', 'failed', 'deserted'],
  cleaner_passes_total: ['done', 'failed'],
};

/**
 * Has counters begin at 0 whose labels are known: Prometheus cannot tell the first step of a series that begins with it.
 *
 * @see Prometheus, "Instrumentation: avoid missing metrics"
 */
export function beginCounters(counters: Counters, { upstreams }: Pick<AdminSettings, 'upstreams'>): void {
  for (const [name, { kind, labels }] of Object.entries(METRICS)) {
    if (kind !== 'counter') continue;
    const series = name as CounterName;
    const ends = ENDS[series] ?? [];
    const [first, second] = labels;
    if (first === undefined) counters.begin(series, []);
    else if (first === 'end') for (const end of ends) counters.begin(series, [end]);
    else if (first !== 'upstream' || (second !== undefined && second !== 'end')) continue;
    else {
      for (const upstream of upstreams) {
        if (second === undefined) counters.begin(series, [upstream.name]);
        for (const end of ends) counters.begin(series, [upstream.name, end]);
      }
    }
  }
}

import type { ChildName } from '../support/cache/process-tree.ts';
import { FAULT_KINDS, type FaultKind } from './faults.ts';
import type { Random } from './random.ts';

/** What is done to the cache and to its upstreams. */
export type Action =
  | { readonly kind: 'kill'; readonly name: ChildName }
  | { readonly kind: 'restart'; readonly how: 'stop' | 'crash' }
  | { readonly kind: 'fault'; readonly upstream: string; readonly fault: FaultKind }
  | { readonly kind: 'move-tag'; readonly upstream: string; readonly repository: number }
  | { readonly kind: 'fill-disk' };

export interface Incident {
  /** Since the run began. */
  readonly atMs: number;
  /** How long it lasts, where that is ours to say. */
  readonly durationMs: number;
  readonly action: Action;
}

export interface ScheduleOptions {
  readonly seconds: number;
  readonly upstreams: readonly string[];
  /** How many repositories each upstream has. */
  readonly repositories: number;
  readonly smallDisk: boolean;
}

const CALM_START_MS = 2000;
/** Long enough that what no failure excuses is seen at the end. */
const CALM_END_MS = 6000;
/** Processes that live through the last part of the run show what they leak. */
const KILLING_PART = 0.7;

/**
 * Everything that will go wrong, from the seed alone. Each upstream is broken and whole in turn, so that there are times when
 * nothing excuses a failure, and every kind of fault comes before one comes again.
 */
export function planIncidents(random: Random, options: ScheduleOptions): Incident[] {
  const endMs = options.seconds * 1000 - CALM_END_MS;
  const faults = dealt(random, FAULT_KINDS);
  const names = dealt<ChildName>(random, ['worker', 'proxy', 'logger', 'cleaner']);
  const restarts = dealt<'stop' | 'crash'>(random, ['stop', 'crash']);
  const during = (untilMs: number, everyMs: readonly [number, number], action: () => Action): Incident[] =>
    times(random, untilMs, everyMs).map((atMs) => ({
      atMs,
      durationMs: random.integer(1500, 4500),
      action: action(),
    }));

  const incidents = [
    ...options.upstreams.flatMap((upstream) => [
      ...during(endMs, [12_000, 18_000], () => ({ kind: 'fault', upstream, fault: faults() })),
      ...during(endMs, [4000, 9000], () => ({
        kind: 'move-tag',
        upstream,
        repository: random.integer(0, options.repositories - 1),
      })),
    ]),
    ...during(endMs * KILLING_PART, [3500, 9000], () => ({ kind: 'kill', name: names() })),
    ...during(endMs * KILLING_PART, [12_000, 35_000], () => ({ kind: 'restart', how: restarts() })),
    ...(options.smallDisk ? during(endMs, [10_000, 25_000], () => ({ kind: 'fill-disk' })) : []),
  ];
  return incidents.toSorted((one, other) => one.atMs - other.atMs);
}

function times(random: Random, untilMs: number, [shortest, longest]: readonly [number, number]): number[] {
  const found: number[] = [];
  let atMs = CALM_START_MS + random.integer(0, shortest);
  while (atMs < untilMs) {
    found.push(atMs);
    atMs += random.integer(shortest, longest);
  }
  return found;
}

/** One card after another of a shuffled deck, which is shuffled anew when it is used up. */
function dealt<T>(random: Random, cards: readonly T[]): () => T {
  let deck: T[] = [];
  return () => {
    if (deck.length === 0) deck = random.shuffled(cards);
    const card = deck.pop();
    if (card === undefined) throw new RangeError('a deck without cards');
    return card;
  };
}

import type { WarmEvent } from '@registry-cache/control';

/** How a job that was begun here has ended. */
export interface WarmOutcome {
  readonly image: string;
  readonly atMs: number;
  readonly bytesFetched: number;
  /** Set where it has failed. */
  readonly problem: string | undefined;
}

/** Jobs that go on after the page that has begun them was answered. */
export interface WarmOutcomes {
  /** Takes the job's events to their end. */
  follow(name: string, events: AsyncIterable<WarmEvent>): void;
  /** The latest first. */
  latest(): readonly WarmOutcome[];
}

const MAX_OUTCOMES = 8;
const FORGOTTEN_AFTER_MS = 15 * 60_000;

export function createWarmOutcomes(now: () => number): WarmOutcomes {
  let outcomes: readonly WarmOutcome[] = [];
  const add = (image: string, bytesFetched: number, problem?: string): void => {
    const outcome = { image, atMs: now(), bytesFetched, problem };
    outcomes = [outcome, ...outcomes.filter((other) => other.image !== image)].slice(0, MAX_OUTCOMES);
  };
  const take = async (events: AsyncIterable<WarmEvent>): Promise<void> => {
    for await (const event of events) {
      if (event.type === 'done') add(event.image, event.bytesFetched);
      if (event.type === 'failed') add(event.image, 0, event.problem);
    }
  };
  return {
    follow(name, events) {
      // Ends with the process, which ends all jobs first.
      void take(events).catch((err: unknown) =>
        add(name, 0, err instanceof Error ? err.message : String(err)),
      );
    },
    latest: () => outcomes.filter(({ atMs }) => now() - atMs < FORGOTTEN_AFTER_MS),
  };
}

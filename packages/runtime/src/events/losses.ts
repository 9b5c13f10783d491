import type { Logger } from '../log.ts';

/** Counts events that were dropped, and says now and then how many. */
export interface Losses {
  count(events: number): void;
  /** Says it a last time. */
  close(): void;
}

export interface LossesOptions {
  readonly log: Logger;
  readonly onDropped: ((count: number) => void) | undefined;
  readonly reportEveryMs: number;
}

export function createLosses({ log, onDropped, reportEveryMs }: LossesOptions): Losses {
  let dropped = 0;
  const report = (): void => {
    if (dropped > 0) log.warn({ dropped }, 'events dropped: they are not taken as fast as they come');
    dropped = 0;
  };
  const reporter = setInterval(report, reportEveryMs).unref();
  return {
    count(events) {
      if (events === 0) return;
      dropped += events;
      onDropped?.(events);
    },
    close() {
      clearInterval(reporter);
      report();
    },
  };
}

import type { WarmEvent, WarmJobStatus } from '@registry-cache/control';
import { createEventQueue } from './event-queue.ts';
import { createJobStatus, type JobStatus } from './job-status.ts';
import { runWarmJob, type WarmGround, type WarmJob } from './warm-job.ts';

/** Jobs that somebody follows. */
export interface JobsByHand {
  /** Whoever leaves, by the signal or between two events, ends the job. */
  follow(job: WarmJob, signal: AbortSignal): AsyncGenerator<WarmEvent>;
  /** Of the images of running jobs. */
  status(): readonly WarmJobStatus[];
  close(): Promise<void>;
}

export function createJobsByHand(ground: WarmGround): JobsByHand {
  const closing = new AbortController();
  const running = new Map<JobStatus, Promise<void>>();

  return {
    async *follow(job, signal) {
      const left = new AbortController();
      const events = createEventQueue();
      const status = createJobStatus();
      const emit = (event: WarmEvent): void => {
        status.apply(event);
        events.push(event);
      };
      const until = AbortSignal.any([signal, closing.signal, left.signal]);
      const ended = runWarmJob(job, ground, emit, until)
        .then(
          () => events.end(),
          (error: unknown) => events.end(error),
        )
        .finally(() => running.delete(status));
      running.set(status, ended);
      try {
        yield* events;
      } finally {
        left.abort();
        await ended;
      }
    },
    status: () => [...running.keys()].flatMap((status) => status.images()),
    async close() {
      closing.abort();
      await Promise.all(running.values());
    },
  };
}

import { RegistryError } from '@registry-cache/oci';
import type { Tracing } from '@registry-cache/runtime';
import { isAbsent, isRestarting } from '@registry-cache/runtime';
import { Agent, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createArrivals } from './arrivals.ts';
import { createAskOnce, NoHeadError, type WorkerQuestion } from './ask-once.ts';
import { isOutOfDescriptors } from './out-of-descriptors.ts';

/** Asks workers over their unix sockets. */
export interface WorkerLink {
  /**
   * Resolves with the head of the worker's answer; the caller reads the body to its end. A client that leaves ends the
   * request at once, and rejects the promise. A worker that is restarting is asked again for a while, and
   * one that sleeps is woken.
   *
   * @throws {RegistryError} `UNAVAILABLE` when the worker does not come back in time, `UPSTREAM_TIMEOUT` when it has not begun to
   *   answer in time
   */
  ask(question: WorkerQuestion): Promise<IncomingMessage>;
  close(): void;
}

export interface WorkerLinkOptions {
  /** How long a worker may take to come back. One that sleeps has three times as long. */
  readonly retryForMs: number;
  /** How long a client may wait for the head of its answer. A body may take as long as it needs. */
  readonly headTimeoutMs: number;
  /** Has the worker started that should listen at a socket, and does not. May be called while it starts, and again. */
  readonly wake?: (socketPath: string) => void;
  /** Workers are told which trace they are asked for. */
  readonly tracing?: Tracing | undefined;
}

const MAX_FREE_SOCKETS_PER_WORKER = 16;
const FIRST_DELAY_MS = 25;
const MAX_DELAY_MS = 500;
const RETRY_AFTER_SECONDS = 5;
// A process starts in a fraction of a second, and on a small and busy machine in ten.
const LONGER_WHILE_ABSENT = 3;

export function createWorkerLink({
  retryForMs,
  headTimeoutMs,
  wake = () => {},
  tracing,
}: WorkerLinkOptions): WorkerLink {
  const agent = new Agent({
    keepAlive: true,
    // A reader of a running fill holds its socket for as long as the fill runs, and must not make others wait: there are as many as
    // clients have connections, and those are bounded.
    maxSockets: Number.POSITIVE_INFINITY,
    maxFreeSockets: MAX_FREE_SOCKETS_PER_WORKER,
  });
  const askOnce = createAskOnce(agent);
  const arrivals = createArrivals({ wake });

  return {
    ask: async (asked) => {
      const trace = tracing?.active()?.headers();
      const question = trace === undefined ? asked : { ...asked, headers: { ...asked.headers, ...trace } };
      // Every attempt listens for the end of the same response.
      question.response.setMaxListeners(0);
      const longest = performance.now() + retryForMs * LONGER_WHILE_ABSENT;
      let deadline = performance.now() + retryForMs;
      for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, MAX_DELAY_MS)) {
        let arrival: Promise<void> | undefined;
        try {
          return await askOnce(question, question.askedAtMs + headTimeoutMs);
        } catch (cause) {
          question.signal.throwIfAborted();
          if (cause instanceof NoHeadError) throw timedOut(headTimeoutMs);
          if (!isRestarting(cause) && !isOutOfDescriptors(cause)) throw cause;
          // It sleeps or starts: one that was killed has left its socket behind.
          if (isAbsent(cause)) {
            deadline = Math.min(performance.now() + retryForMs, longest);
            arrival = arrivals.wait(question.socketPath);
          }
          if (performance.now() + delayMs > deadline) throw unavailable(cause);
        }
        await pause(delayMs, question.signal, arrival);
        question.signal.throwIfAborted();
      }
    },
    close: () => agent.destroy(),
  };
}

/** Resolves after a delay, or earlier when the worker is there or the client has left. */
async function pause(delayMs: number, left: AbortSignal, arrival: Promise<void> | undefined): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([left, over.signal]);
  const delayed = sleep(delayMs, undefined, { signal }).catch(() => {});
  await (arrival === undefined ? delayed : Promise.race([delayed, arrival]));
  over.abort();
}

function timedOut(headTimeoutMs: number): RegistryError {
  return new RegistryError(
    'UPSTREAM_TIMEOUT',
    `the worker of this upstream has not begun to answer within ${headTimeoutMs / 1000} s: try again`,
    { retryAfterSeconds: RETRY_AFTER_SECONDS },
  );
}

function unavailable(cause: unknown): RegistryError {
  const reason = isOutOfDescriptors(cause)
    ? 'this cache has no free file descriptors'
    : 'the worker of this upstream is restarting';
  return new RegistryError('UNAVAILABLE', `${reason}: try again`, {
    cause,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}

import { RegistryError } from '@registry-cache/oci';
import { Agent, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAskOnce, NoHeadError, type WorkerQuestion } from './ask-once.ts';
import { isOutOfDescriptors, isRestarting } from './restarting.ts';

/** Asks workers over their unix sockets. */
export interface WorkerLink {
  /**
   * Resolves with the head of the worker's answer; the caller reads the body to its end. A client that leaves ends the
   * request at once, and rejects the promise. A worker that is restarting is asked again for a while.
   *
   * @throws {RegistryError} `UNAVAILABLE` when the worker does not come back in time, `UPSTREAM_TIMEOUT` when it has not begun to
   *   answer in time
   */
  ask(question: WorkerQuestion): Promise<IncomingMessage>;
  close(): void;
}

export interface WorkerLinkOptions {
  /** How long a worker may take to come back. */
  readonly retryForMs: number;
  /** How long a client may wait for the head of its answer. A body may take as long as it needs. */
  readonly headTimeoutMs: number;
}

const MAX_FREE_SOCKETS_PER_WORKER = 16;
const FIRST_DELAY_MS = 25;
const MAX_DELAY_MS = 500;
const RETRY_AFTER_SECONDS = 5;

export function createWorkerLink({ retryForMs, headTimeoutMs }: WorkerLinkOptions): WorkerLink {
  const agent = new Agent({
    keepAlive: true,
    // A reader of a running fill holds its socket for as long as the fill runs, and must not make others wait: there are as many as
    // clients have connections, and those are bounded.
    maxSockets: Number.POSITIVE_INFINITY,
    maxFreeSockets: MAX_FREE_SOCKETS_PER_WORKER,
  });
  const askOnce = createAskOnce(agent);

  return {
    ask: async (question) => {
      // Every attempt listens for the end of the same response.
      question.response.setMaxListeners(0);
      const deadline = performance.now() + retryForMs;
      for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, MAX_DELAY_MS)) {
        try {
          return await askOnce(question, question.askedAtMs + headTimeoutMs);
        } catch (cause) {
          question.signal.throwIfAborted();
          if (cause instanceof NoHeadError) throw timedOut(headTimeoutMs);
          if (!isRestarting(cause) && !isOutOfDescriptors(cause)) throw cause;
          if (performance.now() + delayMs > deadline) throw unavailable(cause);
        }
        await sleep(delayMs, undefined, { signal: question.signal }).catch(() => {
          question.signal.throwIfAborted();
        });
      }
    },
    close: () => agent.destroy(),
  };
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

import { Agent, request, type IncomingMessage } from 'node:http';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAbsent, isRestarting } from '@registry-cache/runtime';
import { WarmProblem } from './warm-problem.ts';

/** Asks workers over their unix sockets, as the proxy does, and has those woken that sleep. */
export interface WorkerLink {
  /**
   * Resolves with the head of the answer, whatever its status; the caller reads the body to its end or destroys it.
   *
   * @throws {WarmProblem} when the worker does not answer in time; the signal's reason
   */
  get(question: WorkerQuestion, signal: AbortSignal): Promise<IncomingMessage>;
  close(): void;
}

export interface WorkerQuestion {
  readonly socketPath: string;
  /** `/v2/<name>/…` with its query. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface WorkerLinkOptions {
  /** Has the process started that should listen at a socket, and does not. May be called again while it starts. */
  readonly wake: (socketPath: string) => void;
  /** How long a worker may take to start, or to come back. */
  readonly retryForMs?: number;
}

const RETRY_FOR_MS = 15_000;
const FIRST_DELAY_MS = 25;
const MAX_DELAY_MS = 500;
// The worker gives the upstream less, for a connection and for an answer.
const HEAD_TIMEOUT_MS = 60_000;

export function createWorkerLink({ wake, retryForMs = RETRY_FOR_MS }: WorkerLinkOptions): WorkerLink {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  return {
    async get(question, signal) {
      const until = performance.now() + retryForMs;
      for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, MAX_DELAY_MS)) {
        try {
          return await askOnce(agent, question, signal);
        } catch (cause) {
          signal.throwIfAborted();
          if (!isRestarting(cause)) throw cause;
          if (performance.now() > until) {
            throw new WarmProblem(
              'the worker of this upstream does not start: the log of the cache says why',
              {
                cause,
              },
            );
          }
          if (isAbsent(cause)) wake(question.socketPath);
        }
        await sleep(delayMs, undefined, { signal });
      }
    },
    close: () => agent.destroy(),
  };
}

/** The signal ends the body too. */
function askOnce(
  agent: Agent,
  { socketPath, target, headers }: WorkerQuestion,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const question = request({
      agent,
      socketPath,
      path: target,
      headers: { ...headers, 'x-request-id': `warm-${randomUUID()}` },
      signal,
    });
    const timer = setTimeout(() => question.destroy(unanswered()), HEAD_TIMEOUT_MS);
    question
      .on('response', (answer) => {
        clearTimeout(timer);
        resolve(answer);
      })
      // What happens to a body, its reader sees.
      .on('error', (error) => {
        clearTimeout(timer);
        reject(error);
      })
      .end();
  });
}

function unanswered(): WarmProblem {
  return new WarmProblem(`the worker of this upstream has not answered in ${HEAD_TIMEOUT_MS / 1000} s`);
}

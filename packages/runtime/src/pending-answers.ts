import type { AnswerMessage } from './process-messages.ts';

/** Questions to another process over IPC, and whoever waits for their answers. */
export interface PendingAnswers {
  /** @param send hands the question over with its number */
  ask(send: (number: number) => void, signal: AbortSignal): Promise<unknown>;
  /** What came back. An answer that nobody waits for any more is left alone. */
  answered(message: AnswerMessage): void;
  /** Fails what still waits: nobody is there any more to answer it. */
  abandon(reason: string): void;
}

/** The other process has answered that it cannot answer, or has ended. */
export class QuestionError extends Error {
  override readonly name = 'QuestionError';
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (err: unknown) => void;
}

export function createPendingAnswers(): PendingAnswers {
  const waiting = new Map<number, Waiting>();
  let last = 0;
  return {
    async ask(send, signal) {
      signal.throwIfAborted();
      const number = (last += 1);
      const answer = new Promise<unknown>((resolve, reject) => waiting.set(number, { resolve, reject }));
      const abort = (): void => waiting.get(number)?.reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      try {
        send(number);
        return await answer;
      } finally {
        signal.removeEventListener('abort', abort);
        waiting.delete(number);
      }
    },
    answered({ number, answer, problem }) {
      const asked = waiting.get(number);
      if (problem === undefined) asked?.resolve(answer);
      else asked?.reject(new QuestionError(problem));
    },
    abandon(reason) {
      for (const { reject } of waiting.values()) reject(new QuestionError(reason));
    },
  };
}

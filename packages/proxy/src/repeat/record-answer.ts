import type { AccessEvent } from '@registry-cache/store/read';
import type { IncomingHttpHeaders } from 'node:http';
import type { Exchange } from '../exchange.ts';
import type { CountedAnswer } from '../traffic.ts';
import { HttpStream } from './http-stream.ts';
import { createRepeatableAnswer } from './repeatable-answer.ts';
import type { RepeatableAnswers } from './repeatable-answers.ts';

/** Called when the answer is out, with what the logger is told of it and what was counted. */
export type RememberAnswer = (event: AccessEvent, counted: CountedAnswer, finishedAtMs: number) => void;

/**
 * Records the answer that is about to be sent, where its worker says for how long it may be given again.
 *
 * @param answer of the worker, whose `X-Accel-Expires` counts whole seconds
 * @see nginx, "X-Accel-Expires"
 */
export function recordAnswer(
  { request, response, startedAtMs }: Exchange,
  answer: IncomingHttpHeaders,
  answers: RepeatableAnswers,
): RememberAnswer | undefined {
  const seconds = Number(answer['x-accel-expires'] ?? 0);
  const stream: unknown = request.socket;
  if (!(seconds > 0) || !(stream instanceof HttpStream)) return undefined;
  const recorded = stream.record(response);
  return (event, counted, finishedAtMs) => {
    const exchange = recorded?.();
    if (exchange === undefined) return;
    const { head, answer: wire } = exchange;
    const expiresAtMs = startedAtMs + seconds * 1000;
    const remembered = createRepeatableAnswer({
      wire,
      writtenAtMs: startedAtMs,
      expiresAtMs,
      event,
      counted,
    });
    answers.remember(head, remembered, finishedAtMs);
  };
}

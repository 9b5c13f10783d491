import { findCacheOutcome } from '@registry-cache/oci';
import type { EventQueue, Logger, Tracing } from '@registry-cache/runtime';
import type { AccessEvent } from '@registry-cache/store/read';
import type { IncomingHttpHeaders } from 'node:http';
import { findPullEvent } from './access-events/pull-event.ts';
import type { Decision } from './decision.ts';
import { answerFailure } from './error-answer.ts';
import type { Exchange } from './exchange.ts';
import { logFailure } from './log-failure.ts';
import type { Policy } from './policy.ts';
import { pull, type PullOptions } from './pull.ts';
import { recordAnswer, type RememberAnswer } from './repeat/record-answer.ts';
import type { CountedAnswer, Traffic } from './traffic.ts';
import { describePull } from './trace-request.ts';
import type { UpstreamRoute } from './url-shape.ts';

export interface AnswerPullOptions extends Pick<PullOptions, 'workers' | 'blobs' | 'suspects'> {
  readonly policy: Policy;
  readonly events: Pick<EventQueue<AccessEvent>, 'push'>;
  readonly traffic: Traffic;
  readonly tracing?: Tracing | undefined;
  readonly log: Logger;
  readonly now: () => number;
}

type PullDecision = Extract<Decision, { kind: 'pull' }>;

/** Answers a pull, and has what came of it counted, logged and remembered when the answer is out. */
export async function answerPull(
  exchange: Exchange,
  decision: PullDecision,
  options: AnswerPullOptions,
): Promise<void> {
  const { route, asker } = decision;
  const { request, response, startedAtMs } = exchange;
  const { policy, workers, blobs, suspects, tracing, log, now } = options;
  if (tracing !== undefined) describePull(tracing, exchange.method, route);
  const course: Course = { answer: undefined, remember: undefined, errorBytes: 0 };
  // Its login may have taken longer than the client would wait.
  if (response.closed) return finish(exchange, decision, course, options);
  response.once('close', () => finish(exchange, decision, course, options));
  const onAnswer = (headers: IncomingHttpHeaders): void => {
    course.answer = headers;
    // A blob is not kept: its file says at once when it has been evicted.
    const isRepeatable = asker.origin === undefined && route.request.kind === 'manifest';
    if (isRepeatable) course.remember = recordAnswer(exchange, headers, policy.repeatable);
  };
  try {
    await pull(exchange, route, { workers, blobs, files: policy.files, suspects, asker, onAnswer });
  } catch (err) {
    const isCutShort = response.headersSent;
    const failure = answerFailure(err, { request, response, log, durationMs: now() - startedAtMs });
    if (failure === undefined) return;
    course.errorBytes = failure.sentBytes;
    // What the worker has said was not sent.
    if (!isCutShort) course.answer = undefined;
  }
}

/** What has become of a pull so far. */
interface Course {
  /** What the worker's answer said. */
  answer: IncomingHttpHeaders | undefined;
  remember: RememberAnswer | undefined;
  /** Body bytes of an error that this process has answered. */
  errorBytes: number;
}

function finish(
  exchange: Exchange,
  { route, asker }: PullDecision,
  { answer, remember, errorBytes }: Course,
  { events, traffic, log, now }: AnswerPullOptions,
): void {
  const { request, response, startedAtMs, askedAtMs } = exchange;
  const counted = countedAnswer(exchange, { route, answer, errorBytes });
  traffic.answered(counted, performance.now() - askedAtMs);
  if (answer === undefined) return;
  const finishedAtMs = now();
  const event = findPullEvent({ exchange, user: asker.user, route, answer, finishedAtMs });
  if (event !== undefined) {
    events.push(event);
    remember?.(event, counted, finishedAtMs);
  } else if (response.statusCode >= 400) {
    const byOrigin = asker.origin !== undefined;
    logFailure(log, { request, response, byOrigin, durationMs: finishedAtMs - startedAtMs });
  }
}

// As nginx counts those who left before they had the head of an answer.
const CLIENT_LEFT = 499;

function countedAnswer(
  { response, sentBytes }: Exchange,
  { route, answer, errorBytes }: Pick<Course, 'answer' | 'errorBytes'> & { readonly route: UpstreamRoute },
): CountedAnswer {
  const outcome = response.headersSent ? findCacheOutcome(String(answer?.['cache-status'])) : undefined;
  return {
    upstream: route.upstream.name,
    kind: route.request.kind,
    outcome: outcome ?? 'error',
    status: response.headersSent ? response.statusCode : CLIENT_LEFT,
    bytesSent: sentBytes + errorBytes,
  };
}

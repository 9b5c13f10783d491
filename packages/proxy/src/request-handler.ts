import { RegistryError } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { findPullEvent } from './access-events/pull-event.ts';
import type { EventQueue } from './access-events/event-queue.ts';
import type { GuardedBlobReader } from './blob/guarded-reads.ts';
import type { Decision } from './decision.ts';
import { sendError, toRegistryError } from './error-answer.ts';
import { ClientLeftError, createExchange, type Exchange } from './exchange.ts';
import { findHealthAnswer } from './health.ts';
import { logFailure } from './log-failure.ts';
import { refuseLoop } from './loop-detection.ts';
import type { Policy } from './policy.ts';
import { pull, type PullOptions } from './pull.ts';
import { parseRequestTarget } from './request-target.ts';
import { sendSmallAnswer } from './small-answer.ts';
import { recordAnswer } from './repeat/record-answer.ts';
import { whoAsks } from './who-asks.ts';
import type { WorkerLink } from './worker-link/worker-link.ts';

export interface RequestHandlerOptions {
  /** Asked once for each request, so that a request sees one policy from start to end. */
  readonly policy: () => Policy;
  readonly isDraining: () => boolean;
  /** Of a connection that may not have a pull. */
  readonly isSurplus: (socket: Socket) => boolean;
  readonly workers: WorkerLink;
  readonly blobs: GuardedBlobReader;
  readonly suspects: PullOptions['suspects'];
  readonly events: Pick<EventQueue, 'push'>;
  readonly log: Logger;
  readonly now: () => number;
}

/**
 * Answers every request of a client. Whatever goes wrong becomes an answer of the registry protocol, or a connection that
 * closes short where an answer has begun.
 */
export function createRequestHandler(options: RequestHandlerOptions): RequestListener {
  return (request, response) => {
    const startedAtMs = options.now();
    // Node ends the connection of a response that fails; nothing else is left to do about it.
    response.on('error', () => {});
    response.setHeader('docker-distribution-api-version', 'registry/2.0');
    response.setHeader('x-content-type-options', 'nosniff');
    const policy = options.policy();
    handle(request, response, { ...options, policy, startedAtMs }).catch((err: unknown) => {
      // Its connection is gone, and what it has got so far is in its access event.
      if (err instanceof ClientLeftError) return;
      const error = toRegistryError(err);
      logFailure(options.log, { request, response, error, durationMs: options.now() - startedAtMs });
      sendError(response, error, error.code === 'UNAUTHORIZED' ? challengeOf(policy) : {});
    });
  };
}

function challengeOf({ auth }: Policy): Record<string, string> {
  return auth === undefined ? {} : { 'www-authenticate': auth.challenge };
}

interface HandleOptions extends Omit<RequestHandlerOptions, 'policy'> {
  readonly policy: Policy;
  readonly startedAtMs: number;
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  options: HandleOptions,
): Promise<void> {
  refuseHosts(request, response);
  refuseBody(request, response);
  const method = parseMethod(request.method);
  const target = parseRequestTarget(request.url ?? '');
  const health = findHealthAnswer(target.path, options.isDraining());
  if (health !== undefined) return sendSmallAnswer(response, health);
  // What is refused for lack of room is counted with its connection, and has no line of its own.
  if (options.isSurplus(request.socket)) return sendError(response, crowded());

  const { policy, startedAtMs } = options;
  refuseLoop(request.headers.via, policy.pseudonym);
  const exchange = createExchange({ request, response, method, startedAtMs });
  const decision = await whoAsks(exchange, target, policy);
  switch (decision.kind) {
    case 'pull':
      return pullAndRecord(exchange, decision, options);
    case 'answer':
      return sendSmallAnswer(response, decision.answer);
    case 'refused':
      response.setHeader('www-authenticate', decision.challenge);
      throw decision.error;
  }
}

function crowded(): RegistryError {
  return new RegistryError('UNAVAILABLE', 'this cache has as many pulls in flight as it may: try again', {
    retryAfterSeconds: 5,
  });
}

/** Who names two hosts may mean either. @see RFC 9112, "Request Target" */
function refuseHosts({ headersDistinct, httpVersion }: IncomingMessage, response: ServerResponse): void {
  const hosts = headersDistinct['host']?.length ?? 0;
  if (hosts === 1 || (hosts === 0 && httpVersion === '1.0')) return;
  response.setHeader('connection', 'close');
  throw new RegistryError('NAME_INVALID', 'invalid request: expected one Host');
}

/** A body has no meaning here, and what is not read could be taken for the next request: its connection ends with the answer. */
function refuseBody(request: IncomingMessage, response: ServerResponse): void {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
  if (length === '0' && encoding === undefined) return;
  response.setHeader('connection', 'close');
  parseMethod(request.method);
  throw new RegistryError('NAME_INVALID', 'invalid request: expected no body');
}

function parseMethod(method: string | undefined): 'GET' | 'HEAD' {
  if (method === 'GET' || method === 'HEAD') return method;
  throw new RegistryError(
    'UNSUPPORTED',
    `${method ?? ''} is not supported: this cache only pulls, push to the upstream`,
  );
}

async function pullAndRecord(
  exchange: Exchange,
  { route, asker }: Extract<Decision, { kind: 'pull' }>,
  options: HandleOptions,
): Promise<void> {
  const { response } = exchange;
  const { policy, workers, blobs, suspects, events, log, now } = options;
  let answer: IncomingHttpHeaders | undefined;
  let remember: ReturnType<typeof recordAnswer>;
  response.once('close', () => {
    if (answer === undefined) return;
    const finishedAtMs = now();
    const event = findPullEvent({ exchange, user: asker.user, route, answer, finishedAtMs });
    if (event !== undefined) {
      events.push(event);
      remember?.(event, finishedAtMs);
    } else if (response.statusCode >= 400) {
      logFailure(log, {
        request: exchange.request,
        response,
        byOrigin: asker.origin !== undefined,
        durationMs: finishedAtMs - exchange.startedAtMs,
      });
    }
  });
  const onAnswer = (headers: IncomingHttpHeaders): void => {
    answer = headers;
    // A blob is not kept: its file says at once when it has been evicted.
    const isRepeatable = asker.origin === undefined && route.request.kind === 'manifest';
    if (isRepeatable) remember = recordAnswer(exchange, headers, policy.repeatable);
  };
  await pull(exchange, route, { workers, blobs, files: policy.files, suspects, asker, onAnswer });
}

import { RegistryError } from '@registry-cache/oci';
import type { EventQueue, Logger, Tracing } from '@registry-cache/runtime';
import type { AccessEvent } from '@registry-cache/store/read';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { answerPull } from './answer-pull.ts';
import type { GuardedBlobReader } from './blob/guarded-reads.ts';
import { answerByDashboard, isDashboardTarget } from './dashboard-route.ts';
import { answerFailure, sendError } from './error-answer.ts';
import { createExchange } from './exchange.ts';
import { findHealthAnswer } from './health.ts';
import { refuseLoop } from './loop-detection.ts';
import type { Policy } from './policy.ts';
import type { PullOptions } from './pull.ts';
import { parseRequestTarget } from './request-target.ts';
import { sendSmallAnswer } from './small-answer.ts';
import { traceRequest } from './trace-request.ts';
import type { Traffic } from './traffic.ts';
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
  readonly events: Pick<EventQueue<AccessEvent>, 'push'>;
  readonly traffic: Traffic;
  /** Undefined where nobody wants traces. */
  readonly tracing?: Tracing | undefined;
  readonly log: Logger;
  readonly now: () => number;
}

/**
 * Answers every request of a client. Whatever goes wrong becomes an answer of the registry protocol, or a connection that
 * closes short where an answer has begun.
 */
export function createRequestHandler(options: RequestHandlerOptions): RequestListener {
  const { tracing } = options;
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const startedAtMs = options.now();
    // Node ends the connection of a response that fails; nothing else is left to do about it.
    response.on('error', () => {});
    response.setHeader('docker-distribution-api-version', 'registry/2.0');
    response.setHeader('x-content-type-options', 'nosniff');
    const policy = options.policy();
    handle(request, response, { ...options, policy, startedAtMs }).catch((err: unknown) => {
      const { log, traffic } = options;
      const durationMs = options.now() - startedAtMs;
      const failure = answerFailure(err, {
        request,
        response,
        log,
        durationMs,
        challenge: challengeOf(policy),
      });
      if (failure !== undefined) traffic.refused(failure.code);
    });
  };
  if (tracing === undefined) return answer;
  return (request, response) => traceRequest(tracing, { request, response }, () => answer(request, response));
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
  const { dashboard } = options.policy;
  if (dashboard !== undefined && isDashboardTarget(request.url ?? '')) {
    if (options.isSurplus(request.socket)) throw crowded();
    return answerByDashboard(request, response, dashboard);
  }
  refuseBody(request, response);
  const method = parseMethod(request.method);
  const target = parseRequestTarget(request.url ?? '');
  const health = findHealthAnswer(target.path, options.isDraining());
  if (health !== undefined) return sendSmallAnswer(response, health);
  // What is refused for lack of room is counted with its connection, and has no line of its own.
  if (options.isSurplus(request.socket)) {
    const error = crowded();
    options.traffic.refused(error.code);
    return void sendError(response, error);
  }

  const { policy, startedAtMs } = options;
  refuseLoop(request.headers.via, policy.pseudonym);
  const exchange = createExchange({ request, response, method, startedAtMs });
  const decision = await whoAsks(exchange, target, policy);
  switch (decision.kind) {
    case 'pull':
      return answerPull(exchange, decision, options);
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

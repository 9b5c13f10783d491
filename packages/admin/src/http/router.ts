import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Logger } from '@registry-cache/runtime';
import { findErrorAnswer, problemAnswer } from './answers.ts';
import { findCrossSiteProblem } from './cross-site.ts';
import { readForm, readJson } from './request-body.ts';
import type { AdminRequest, Answer, Route, Visitor } from './route.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

export interface RouterOptions {
  /** Asked for each request: some come and go with the settings. */
  readonly routes: () => readonly Route[] | Promise<readonly Route[]>;
  readonly visitorOf: (request: IncomingMessage) => Visitor;
  /** Why a request is not answered at all; undefined where it is. */
  readonly refuse?: (request: IncomingMessage) => string | undefined;
  readonly log: Logger;
  /** Told of each request, and by the function that it returns of the end of its answer. */
  readonly onRequest?: () => () => void;
  /** Aborted when this process closes. */
  readonly closing: AbortSignal;
}

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

export function createRouter(options: RouterOptions): RequestListener {
  return (request, response) => {
    const left = new AbortController();
    const onEnd = options.onRequest?.();
    response.once('close', () => {
      left.abort();
      onEnd?.();
    });
    const signal = AbortSignal.any([options.closing, left.signal]);
    respond(request, response, options, signal).catch((err: unknown) => {
      // A client that leaves is no failure, and neither is our own end.
      if (!signal.aborted) options.log.error({ err, path: pathOf(request) }, 'answer broke off');
      response.destroy();
    });
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  options: RouterOptions,
  signal: AbortSignal,
): Promise<void> {
  const answer = await answerTo(request, options, signal);
  signal.throwIfAborted();
  // The rest of a body that nobody reads would be taken for the next request.
  const ending = request.complete ? {} : { connection: 'close' };
  const length = isPieces(answer.body) ? {} : { 'content-length': Buffer.byteLength(answer.body) };
  response.writeHead(answer.status, { ...SECURITY_HEADERS, ...answer.headers, ...length, ...ending });
  if (request.method === 'HEAD') response.end();
  else if (isPieces(answer.body)) await pipeline(Readable.from(answer.body), response, { signal });
  else response.end(answer.body);
}

function isPieces(body: Answer['body']): body is AsyncIterable<string> {
  return typeof body !== 'string' && !Buffer.isBuffer(body);
}

async function answerTo(
  request: IncomingMessage,
  { routes, visitorOf, refuse, log }: RouterOptions,
  signal: AbortSignal,
): Promise<Answer> {
  const refusal = refuse?.(request);
  if (refusal !== undefined) return problemAnswer(403, refusal);
  const path = pathOf(request);
  const there = findRoutes(await routes(), path);
  if (there.length === 0) return problemAnswer(404, `there is nothing at ${path.slice(0, 200)}`);
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const route = there.find((each) => each.method === method);
  if (route === undefined) {
    const allow = there.map((each) => each.method).join(', ');
    return problemAnswer(405, `expected ${allow}`, { allow });
  }
  const visitor = visitorOf(request);
  if (route.method !== 'GET') {
    const forbidden = findCrossSiteProblem(request.headers) ?? visitor.onlyLooks;
    if (forbidden !== undefined) return problemAnswer(403, forbidden);
  }
  try {
    return await route.handle(describeRequest(request, route.method, visitor, signal));
  } catch (err) {
    const answer = findErrorAnswer(err);
    if (answer !== undefined || signal.aborted) return answer ?? problemAnswer(503, 'given up');
    log.error({ err, method, path }, 'request failed');
    return problemAnswer(500, 'this failed, and the log says why');
  }
}

/** Those of this very path; where there are none, of the longest one that stands for it. */
function findRoutes(routes: readonly Route[], path: string): readonly Route[] {
  const exact = routes.filter((route) => route.path === path);
  if (exact.length > 0) return exact;
  const above = routes.filter(
    (route) => route.path.endsWith('/*') && path.startsWith(route.path.slice(0, -1)),
  );
  const longest = Math.max(...above.map((route) => route.path.length));
  return above.filter((route) => route.path.length === longest);
}

function describeRequest(
  request: IncomingMessage,
  method: AdminRequest['method'],
  visitor: Visitor,
  signal: AbortSignal,
): AdminRequest {
  const query = (request.url ?? '').split('?').slice(1).join('?');
  return {
    method,
    path: pathOf(request),
    query: new URLSearchParams(query),
    headers: request.headers,
    visitor,
    signal,
    readJson: () => readJson(request),
    readForm: () => readForm(request),
  };
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/';
}

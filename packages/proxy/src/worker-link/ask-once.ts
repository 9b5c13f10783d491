import { createProxyServer } from 'http-proxy';
import { IncomingMessage, type Agent, type ClientRequest, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';

export interface WorkerQuestion {
  readonly socketPath: string;
  readonly method: 'GET' | 'HEAD';
  /** With its query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** When the client began to wait, in milliseconds of `performance.now()`. */
  readonly askedAtMs: number;
  /** Where the answer goes: its end is the end of the question. */
  readonly response: ServerResponse;
  /** Aborted when the client has left. */
  readonly signal: AbortSignal;
}

/** One attempt. Rejects with a `NoHeadError` when `deadlineMs` of `performance.now()` has come first. */
export type AskOnce = (question: WorkerQuestion, deadlineMs: number) => Promise<IncomingMessage>;

export function createAskOnce(agent: Agent): AskOnce {
  const proxy = createProxyServer({ agent, selfHandleResponse: true });
  const open = new WeakMap<IncomingMessage, OpenQuestion>();
  proxy.on('proxyReq', (sent, request) => open.get(request)?.onSent(sent));
  proxy.on('proxyRes', (answer, request) => open.get(request)?.resolve(answer));
  proxy.on('econnreset', (err, request) => open.get(request)?.reject(err));
  // Also what happens to a body, which whoever reads it sees for themselves.
  proxy.on('error', (err, request) => {
    if (request !== undefined) open.get(request)?.reject(err);
  });

  return ({ socketPath, method, target, headers, response, signal }, deadlineMs) => {
    signal.throwIfAborted();
    const request = workerRequest(response, method, target, headers);
    return new Promise<IncomingMessage>((resolve, reject) => {
      const late = new AbortController();
      const timer = setTimeout(() => {
        late.abort();
        reject(new NoHeadError());
      }, deadlineMs - performance.now());
      const settled = <Value>(settle: (value: Value) => void): ((value: Value) => void) => {
        return (value) => {
          clearTimeout(timer);
          settle(value);
        };
      };
      const question = {
        onSent: destroyWhenLate(late.signal),
        resolve: settled(resolve),
        reject: settled(reject),
      };
      open.set(request, question);
      proxy.web(request, response, { target: { socketPath }, buffer: emptyBody() }).catch(question.reject);
    });
  };
}

/** The worker has not begun to answer by the time it was given. */
export class NoHeadError extends Error {
  override readonly name = 'NoHeadError';
}

interface OpenQuestion {
  readonly onSent: (request: ClientRequest) => void;
  readonly resolve: (answer: IncomingMessage) => void;
  readonly reject: (err: Error) => void;
}

/** A question that is given up must not keep its connection, nor take one that it has been waiting for. */
function destroyWhenLate(late: AbortSignal): (request: ClientRequest) => void {
  return (request) => {
    if (late.aborted) request.destroy();
    else late.addEventListener('abort', () => request.destroy(), { once: true });
  };
}

/** A request of our own making: nothing of the client's reaches a worker but what the question names. */
function workerRequest(
  response: ServerResponse,
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
): IncomingMessage {
  const request = new IncomingMessage(response.req.socket);
  request.method = method;
  request.url = target;
  request.headers = { ...headers };
  request.complete = true;
  return request;
}

function emptyBody(): Readable {
  return new Readable({
    read() {
      this.push(null);
    },
  });
}

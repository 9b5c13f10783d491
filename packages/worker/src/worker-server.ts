import { rm } from 'node:fs/promises';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseRegistryPath, RegistryError } from '@registry-cache/oci';
import type { Logger, Tracing } from '@registry-cache/runtime';
import { registryErrorOf } from './answer/error-answer.ts';
import type { ClientRequest } from './pull-request.ts';
import type { PullThrough } from './pull-through.ts';
import { UpstreamError } from './upstream/upstream-error.ts';
import { writeAnswer, writeError } from './answer/write-answer.ts';
import { traceAnswer } from './trace-answer.ts';

/** The proxy's side of a worker: HTTP on a unix socket. */
export interface WorkerServer {
  /** Takes no new requests from this moment on, and breaks connections: for when there is no request in flight. */
  closeAtOnce(): Promise<void>;
  /** Takes no new requests, gives those in flight until the bound, then closes what is left. */
  close(drainTimeoutMs: number): Promise<void>;
}

export interface WorkerServerOptions {
  readonly socketPath: string;
  readonly pullThrough: PullThrough;
  /** Undefined where nobody wants traces. */
  readonly tracing?: Tracing | undefined;
  readonly log: Logger;
  /** Told of each request, and by the function that it returns of the end of its answer. */
  readonly onRequest?: () => () => void;
}

// As many as a proxy may send at once in a herd; the kernel lowers it to its own limit.
const BACKLOG = 8192;

export async function startWorkerServer({
  socketPath,
  pullThrough,
  tracing,
  log,
  onRequest,
}: WorkerServerOptions): Promise<WorkerServer> {
  // Only the proxy talks to us, in requests it has checked: bounds on slow clients are its concern.
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
  server.on('request', (req, res) => {
    // A client that leaves does not stop what was begun for it.
    const [onDone, onSent] = [onRequest?.(), onRequest?.()];
    res.once('close', () => {
      onSent?.();
      // The proxy would keep its connection, and a server that closes waits for that.
      if (!server.listening) setImmediate(() => server.closeIdleConnections());
    });
    const answer = (): Promise<void> => answerRequest(req, res, { pullThrough, tracing, log });
    const answered =
      tracing === undefined ? answer() : traceAnswer(tracing, { request: req, response: res }, answer);
    void answered.finally(onDone);
  });
  // A predecessor that was killed has left its socket behind.
  await rm(socketPath, { force: true });
  server.listen({ path: socketPath, backlog: BACKLOG });
  await once(server, 'listening');
  return {
    async closeAtOnce() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
    close: (drainTimeoutMs) => drain(server, drainTimeoutMs),
  };
}

async function answerRequest(
  req: IncomingMessage,
  res: ServerResponse,
  { pullThrough, tracing, log }: Pick<WorkerServerOptions, 'pullThrough' | 'tracing' | 'log'>,
): Promise<void> {
  try {
    const { method } = req;
    if (method !== 'GET' && method !== 'HEAD') throw new RegistryError('UNSUPPORTED');
    const [path = '', query = ''] = (req.url ?? '').split('?', 2);
    const target = parseRegistryPath(path);
    const accel = req.headers['x-registry-cache-no-accel'] === undefined;
    const suspect = req.headers['x-registry-cache-suspect'] !== undefined;
    const paced = req.headers['x-registry-cache-paced'] !== undefined;
    const client = clientOf(req.headers);
    const answer = await pullThrough.answer({ method, target, query, accel, suspect, paced, client });
    tracing?.active()?.set({ 'registry_cache.outcome': answer.outcome });
    await writeAnswer(req, res, answer);
  } catch (error) {
    // Most requests succeed and have nothing to say.
    answerFailure(res, error, log.child({ requestId: req.headers['x-request-id'] }));
  }
}

/** What the proxy passes on, which has checked it. */
function clientOf(headers: IncomingHttpHeaders): ClientRequest {
  const { authorization, via } = headers;
  const text = (name: string): string | undefined => {
    const value = headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    authorization,
    via,
    user: text('x-registry-cache-user'),
    address: text('x-forwarded-for'),
  };
}

function answerFailure(res: ServerResponse, err: unknown, log: Logger): void {
  if (res.headersSent) {
    // The body has ended short and the connection with it. A client that left is no failure.
    if (!isPrematureClose(err)) log.warn({ err }, 'answer ended short');
    return;
  }
  const error = registryErrorOf(err);
  const { cause } = error;
  const isNews = !(cause instanceof UpstreamError && cause.remembered);
  if (error.status >= 500 && isNews) log.warn({ err: cause ?? error, code: error.code }, 'request failed');
  else log.debug({ code: error.code, reason: error.message }, 'request refused');
  writeError(res, error);
}

function isPrematureClose(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

async function drain(server: Server, drainTimeoutMs: number): Promise<void> {
  const bound = new AbortController();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.race([closed, sleep(drainTimeoutMs, undefined, { signal: bound.signal }).catch(() => {})]);
  bound.abort();
  server.closeAllConnections();
  await closed;
}

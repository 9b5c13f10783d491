import type { HttpSettings, TlsSettings } from '@registry-cache/config';
import type { RegistryErrorCode } from '@registry-cache/oci';
import { describePortProblem, type Logger } from '@registry-cache/runtime';
import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { SecureContextOptions } from 'node:tls';
import type { RepeatableAnswer } from '../repeat/repeatable-answer.ts';
import { repeatAnswers } from '../repeat/repeat-answers.ts';
import type { Endpoints } from '../peer-address.ts';
import { handleClientError } from './client-error.ts';
import type { Connections } from './connections.ts';
import { drain } from './drain.ts';
import { checkFirstByte } from './first-byte.ts';
import { createOccasional } from './occasional.ts';
import { oneAtATime } from './one-at-a-time.ts';

/** The port that clients connect to. */
export interface Listener {
  readonly port: number;
  /** For connections from now on; those that are open go on. @throws when certificate and key are not a pair. */
  setCertificate(tls: TlsSettings): void;
  /** Accepts nothing any more, and resolves when every answer in flight is out, or cut short after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

export interface ListenerOptions {
  readonly http: Pick<HttpSettings, 'host' | 'port' | 'tls'>;
  /** Shared with other processes, in place of the address. */
  readonly listeningSocket?: object | undefined;
  readonly onRequest: RequestListener;
  /** Finds what need not be asked of `onRequest` again, by the head of a request. */
  readonly findRepeatable?: (head: string) => RepeatableAnswer | undefined;
  readonly onRepeated?: (answer: RepeatableAnswer, endpoints: Endpoints) => void;
  /** Told of what cannot be read as a request. */
  readonly onRefused?: (code: RegistryErrorCode) => void;
  readonly now?: () => number;
  readonly connections: Connections;
  /** Connections beyond are closed as they come. */
  readonly maxConnections: number;
  readonly log: Logger;
  readonly timeouts?: Partial<ListenerTimeouts>;
}

/** How long clients are waited for, in milliseconds. */
export interface ListenerTimeouts {
  /** Until the first byte of a connection, and for its TLS handshake. */
  readonly silenceMs: number;
  /** For the whole head of a request, however it dribbles in. */
  readonly headersMs: number;
  /** Between two requests of a connection. */
  readonly keepAliveMs: number;
  /** For a client to take any byte of its answer. */
  readonly stalledMs: number;
}

const TIMEOUTS: ListenerTimeouts = {
  silenceMs: 10_000,
  headersMs: 20_000,
  // Longer than clients and load balancers keep theirs, so that it is not we who close under a request.
  keepAliveMs: 75_000,
  // A client that has stopped reading can resume where it was.
  stalledMs: 300_000,
};

const MAX_HEAD_BYTES = 16 * 1024;

export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { http, connections, log } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const tlsServer = http.tls === undefined ? undefined : createTlsServer(http.tls, timeouts);
  const server = tlsServer ?? createHttpServer(serverOptions(timeouts));
  server.timeout = timeouts.stalledMs;
  server.maxConnections = options.maxConnections;
  const { findRepeatable, onRepeated, onRefused = () => {}, now = Date.now } = options;
  repeatAnswers(server, {
    event: tlsServer === undefined ? 'connection' : 'secureConnection',
    find: (head, socket) =>
      server.listening && !connections.isSurplus(socket) ? findRepeatable?.(head) : undefined,
    onRepeated: (answer, { socket, endpoints }) => {
      connections.answered(socket);
      onRepeated?.(answer, endpoints);
    },
    now,
    timeouts,
  });
  server.prependListener('connection', (socket) => connections.accept(socket));

  const onRequest = oneAtATime(options.onRequest);
  const answer: RequestListener = (request, response) => {
    connections.answer(request.socket, response);
    if (!server.listening || connections.isSurplus(request.socket)) response.setHeader('connection', 'close');
    onRequest(request, response);
  };
  server.on('request', answer);
  // A client that waits for leave to send a body is answered without it.
  server.on('checkContinue', answer);
  // So is one with an expectation that nobody knows.
  server.on('checkExpectation', answer);
  // Also what goes wrong with TLS.
  const isAnswering = (socket: Duplex): boolean => connections.answering.has(socket);
  server.on('clientError', (err, socket) => handleClientError(err, socket, { isAnswering, onRefused, log }));

  server.listen(
    options.listeningSocket ?? { port: http.port, ...(http.host === '' ? {} : { host: http.host }) },
  );
  await once(server, 'listening').catch((cause: unknown) => {
    throw new Error(`cannot listen on ${http.host}:${http.port}: ${whyNot(cause)}`, { cause });
  });
  logFailures(server, log);

  return {
    port: portOf(server),
    setCertificate: (tls) => tlsServer?.setSecureContext(secureContext(tls)),
    close: (timeoutMs) => drain(server, { connections, timeoutMs }),
  };
}

function serverOptions({ headersMs, keepAliveMs }: ListenerTimeouts): ServerOptions {
  return {
    maxHeaderSize: MAX_HEAD_BYTES,
    // Answered by us, with the body that errors of a registry have.
    requireHostHeader: false,
    headersTimeout: headersMs,
    requestTimeout: headersMs * 3,
    connectionsCheckingInterval: headersMs / 4,
    keepAliveTimeout: keepAliveMs,
  };
}

function createTlsServer(tls: TlsSettings, timeouts: ListenerTimeouts): HttpsServer {
  const server = createHttpsServer({
    ...serverOptions(timeouts),
    ...secureContext(tls),
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: timeouts.silenceMs,
  });
  checkFirstByte(server, timeouts.silenceMs);
  return server;
}

/** None of them ends the process: a connection that could not be accepted is one client's, and descriptors become free again. */
function logFailures(server: Server, log: Logger): void {
  let lastError: unknown;
  const failed = createOccasional((times) => log.error({ err: lastError, times }, 'listener failed'));
  server.on('error', (err) => {
    lastError = err;
    failed();
  });
  const { maxConnections } = server;
  const refused = createOccasional((times) =>
    log.error({ refused: times, maxConnections }, 'connections refused: there are as many as there may be'),
  );
  server.on('drop', refused);
}

function secureContext({ certificate, key }: TlsSettings): SecureContextOptions {
  // The client knows what its processor is fast at; all suites of these versions are good ones.
  return { cert: certificate, key, minVersion: 'TLSv1.2', honorCipherOrder: false };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('listener has no port');
  return address.port;
}

function whyNot(err: unknown): string {
  const code = err instanceof Error && 'code' in err ? err.code : undefined;
  return describePortProblem(code) ?? (err instanceof Error ? err.message : String(err));
}

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { text } from 'node:stream/consumers';
import type { KeyPair } from '../certificates.ts';
import { findFreePort } from '../free-port.ts';
import type { Answer, ServerRequest } from './answer.ts';
import type { Behaviour } from './behaviours.ts';
import { createMisbehaviour, type MisbehaviourMatch } from './misbehaviour.ts';
import { matches, type RecordedRequest, type RequestMatch } from './recorded-request.ts';
import { sendAnswer } from './send-answer.ts';

export interface TestServerOptions {
  /** Plain HTTP where left out. */
  readonly tls?: KeyPair;
  /** A loopback address; a different one is a different host to clients. */
  readonly host?: string;
}

/** A server that records what it is asked and can be told to misbehave. */
export interface TestServer {
  /** `https://127.0.0.1:39123` */
  readonly origin: string;
  /** `127.0.0.1:39123` */
  readonly authority: string;
  /** Every request so far, in the order of arrival. */
  readonly requests: readonly RecordedRequest[];
  requestsTo(match: RequestMatch): RecordedRequest[];
  forgetRequests(): void;
  /** @returns a function that ends it */
  misbehave(match: MisbehaviourMatch, ...behaviours: Behaviour[]): () => void;
  /** Breaks every connection and refuses new ones. */
  stop(): Promise<void>;
  /** Listens again, on the same port. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export async function startTestServer(
  options: TestServerOptions,
  answer: (request: ServerRequest) => Answer | Promise<Answer>,
): Promise<TestServer> {
  const host = options.host ?? '127.0.0.1';
  const requests: Recording[] = [];
  const misbehaviour = createMisbehaviour();

  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const recording = record(await parseRequest(req), res);
    requests.push(recording);
    const sent = await misbehaviour.apply(await answer(recording), recording);
    if (res.destroyed) return;
    recording.status = sent.status;
    await sendAnswer(res, sent, (bytes) => (recording.bytesSent += bytes));
  };
  const listen = (port: number): Promise<Server> =>
    listenOn(host, port, options.tls, (req, res) => {
      handle(req, res).catch((err: unknown) => res.destroy(err instanceof Error ? err : undefined));
    });

  const port = await findFreePort(host);
  let server: Server | undefined = await listen(port);
  const authority = `${host}:${port}`;
  const stop = async (): Promise<void> => {
    const stopped = server;
    server = undefined;
    if (stopped === undefined) return;
    stopped.close();
    stopped.closeAllConnections();
    await once(stopped, 'close');
  };
  return {
    origin: `${options.tls === undefined ? 'http' : 'https'}://${authority}`,
    authority,
    requests,
    requestsTo: (match) => requests.filter((request) => matches(request, match)),
    forgetRequests: () => void requests.splice(0),
    misbehave: (match, ...behaviours) => misbehaviour.add(match, behaviours),
    stop,
    start: async () => {
      server ??= await listen(port);
    },
    close: stop,
  };
}

type Recording = { -readonly [Key in keyof RecordedRequest]: RecordedRequest[Key] };

function record(request: ServerRequest, res: ServerResponse): Recording {
  const recording: Recording = { ...request, status: undefined, bytesSent: 0, outcome: 'open' };
  res.once('close', () => (recording.outcome = res.writableFinished ? 'complete' : 'aborted'));
  return recording;
}

async function parseRequest(req: IncomingMessage): Promise<ServerRequest> {
  const { pathname, searchParams } = new URL(`http://server${req.url ?? '/'}`);
  const { method = 'GET', headers } = req;
  return { method, path: pathname, query: searchParams, headers, body: await text(req) };
}

async function listenOn(
  host: string,
  port: number,
  tls: KeyPair | undefined,
  handle: (req: IncomingMessage, res: ServerResponse) => void,
): Promise<Server> {
  const server =
    tls === undefined
      ? createServer(handle)
      : createTlsServer({ cert: tls.certificate, key: tls.key }, handle);
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}

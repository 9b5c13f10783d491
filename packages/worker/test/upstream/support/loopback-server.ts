import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { text } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface ReceivedRequest {
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface LoopbackServer {
  readonly port: number;
  /** With 127.0.0.1 as host. */
  readonly origin: string;
  /** In the order in which they came. */
  readonly requests: readonly ReceivedRequest[];
  /** Those whose path begins so. */
  requestsTo(path: string): readonly ReceivedRequest[];
}

export type Answer = (response: ServerResponse, request: ReceivedRequest) => void;

export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** A server that keeps what it is asked; closed when the test ends. */
export async function startLoopbackServer(answer: Answer, tls?: KeyPair): Promise<LoopbackServer> {
  const requests: ReceivedRequest[] = [];
  const listener: RequestListener = (request, response) => {
    void text(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://loopback');
      const received = {
        method: request.method ?? '',
        target: request.url ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body,
      };
      requests.push(received);
      answer(response, received);
    });
  };
  const server =
    tls === undefined
      ? createServer(listener)
      : createTlsServer({ cert: tls.certificate, key: tls.key }, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    requests,
    requestsTo: (path) => requests.filter((request) => request.path.startsWith(path)),
  };
}

export function sendJson(
  response: ServerResponse,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
}

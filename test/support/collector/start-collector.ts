import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { findFreePort } from '../free-port.ts';
import { decodeSpans, type CollectedSpan } from './decode-spans.ts';

/** A collector of traces by OTLP over HTTP. */
export interface Collector {
  /** As `OTEL_EXPORTER_OTLP_ENDPOINT` has it. */
  readonly endpoint: string;
  readonly spans: readonly CollectedSpan[];
  readonly requests: readonly CollectorRequest[];
  /** Refuses connections from now on. */
  stop(): Promise<void>;
  /** Listens again, on the same port. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface CollectorRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The caller closes it. */
export async function startCollector(): Promise<Collector> {
  const port = await findFreePort();
  const spans: CollectedSpan[] = [];
  const requests: CollectorRequest[] = [];
  const listen = async (): Promise<Server> => {
    const server = createServer((request, response) => {
      void buffer(request).then((body) => {
        requests.push({ path: request.url ?? '', headers: request.headers, body });
        spans.push(...decodeSpans(body));
        response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      });
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server;
  };
  let server: Server | undefined = await listen();
  const stop = async (): Promise<void> => {
    const stopped = server;
    server = undefined;
    if (stopped === undefined) return;
    stopped.close();
    stopped.closeAllConnections();
    await once(stopped, 'close');
  };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    spans,
    requests,
    stop,
    start: async () => {
      server ??= await listen();
    },
    close: stop,
  };
}

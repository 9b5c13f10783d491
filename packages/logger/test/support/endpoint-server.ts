import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { NotificationEndpoint } from '@registry-cache/config';
import { onTestFinished } from 'vitest';

export interface ReceivedEnvelope {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly events: readonly ReceivedEvent[];
}

export interface ReceivedEvent {
  readonly id: string;
  readonly action: string;
  readonly target: Readonly<Record<string, unknown>>;
  readonly cache?: Readonly<Record<string, unknown>>;
}

export interface EndpointServer {
  readonly port: number;
  readonly envelopes: readonly ReceivedEnvelope[];
  readonly events: () => readonly ReceivedEvent[];
  readonly ids: () => readonly string[];
}

export interface EndpointServerOptions {
  readonly port?: number;
  /** Answers the nth request, counted from 0; with 200 unless told. */
  readonly answer?: (response: ServerResponse, number: number) => void;
}

/** Somebody who wants to be told, on a free port; what it was sent is kept whatever it answers. */
export async function startEndpointServer(options: EndpointServerOptions = {}): Promise<EndpointServer> {
  const { port: wanted = 0, answer = (response) => void response.end() } = options;
  const envelopes: ReceivedEnvelope[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { events }: { events: ReceivedEvent[] } = JSON.parse(body);
      answer(response, envelopes.push({ path: request.url, headers: request.headers, events }) - 1);
    });
  });
  server.listen(wanted, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const events = (): ReceivedEvent[] => envelopes.flatMap((envelope) => envelope.events);
  return { port, envelopes, events, ids: () => events().map(({ id }) => id) };
}

/** Settings that try again soon. */
export function endpointSettings(
  port: number,
  changes: Partial<NotificationEndpoint> = {},
): NotificationEndpoint {
  return {
    name: 'listener',
    url: `http://127.0.0.1:${port}/events`,
    headers: {},
    timeoutMs: 5_000,
    threshold: 2,
    backoffMs: 10,
    ignoredMediaTypes: [],
    ignoredActions: [],
    ...changes,
  };
}

import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Logger } from '@registry-cache/runtime';
import { InvalidEventsError } from './parse-envelope.ts';

export interface EventsServer {
  /** Takes no new events, and resolves when those being sent have been taken. */
  close(): Promise<void>;
}

export interface EventsServerOptions {
  /** Only this user may connect. A file that a killed logger left there is replaced. */
  readonly socketPath: string;
  /** Takes all events of an envelope or throws `InvalidEventsError`. */
  readonly takeEnvelope: (body: string) => void;
  readonly log: Logger;
}

const MAX_BODY_BYTES = 1024 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Listens for envelopes of events, POSTed to any path. The answer is 200 as soon as the events are taken, 400 for what is no
 * envelope, and 413 for one that is too long.
 *
 * @see distribution, "Notifications"
 */
export async function startEventsServer(options: EventsServerOptions): Promise<EventsServer> {
  const { socketPath, log } = options;
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    takeEvents(request, response, options).catch((err: unknown) => {
      if (request.errored === null) log.error({ err }, 'events could not be taken');
      else log.debug({ err }, 'sender left before its request was whole');
      response.destroy();
    });
  });
  await rm(socketPath, { force: true });
  server.listen(socketPath);
  await once(server, 'listening');
  await chmod(socketPath, 0o600);

  return {
    async close() {
      const closed = once(server, 'close');
      server.close();
      const timer = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function takeEvents(
  request: IncomingMessage,
  response: ServerResponse,
  { takeEnvelope, log }: EventsServerOptions,
): Promise<void> {
  if (request.method !== 'POST') return answer(response, 405, 'events are POSTed', { allow: 'POST' });
  const body = await readBody(request);
  if (body === undefined) return answer(response, 413, `expected at most ${MAX_BODY_BYTES} bytes of events`);
  try {
    takeEnvelope(body);
  } catch (error) {
    if (!(error instanceof InvalidEventsError)) throw error;
    log.warn({ reason: error.message }, 'events not understood');
    return answer(response, 400, error.message);
  }
  answer(response, 200);
}

/** Undefined when the body is longer than we take; it is read to its end all the same, so that its sender gets to the answer. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const buffer: Buffer = chunk;
    bytes += buffer.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(buffer);
  }
  return bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks).toString('utf8');
}

function answer(
  response: ServerResponse,
  status: number,
  message = '',
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(message);
}

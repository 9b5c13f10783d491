import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { buffer, text } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ClientOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Speaks TLS and trusts this certificate alone. */
  readonly ca?: string;
  readonly agent?: Agent;
}

export async function fetchAnswer(port: number, path: string, options: ClientOptions = {}): Promise<Answer> {
  const response = await openAnswer(port, path, options);
  return { status: response.statusCode ?? 0, headers: response.headers, body: await buffer(response) };
}

/** Resolves with the head; the caller reads or destroys the body. */
export function openAnswer(
  port: number,
  path: string,
  options: ClientOptions = {},
): Promise<IncomingMessage> {
  const { method = 'GET', headers = {}, body, ca, agent } = options;
  return new Promise((resolve, reject) => {
    const target = { host: 'localhost', family: 4, port, path, method, headers };
    const request =
      ca === undefined
        ? httpRequest({ ...target, agent: agent ?? new Agent() })
        : httpsRequest({ ...target, ca, agent: agent ?? new HttpsAgent() });
    request.on('response', resolve).on('error', reject).end(body);
  });
}

/** Writes bytes as they are, and resolves with everything that came back once the connection is closed. */
export async function exchangeRaw(port: number, bytes: string): Promise<string> {
  const socket = await connectRaw(port);
  socket.write(bytes, 'latin1');
  return text(socket);
}

export async function connectRaw(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  return socket;
}

import { once } from 'node:events';
import { request, type Agent, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { ACCESS_EVENTS_MEDIA_TYPE } from '@registry-cache/store';

export interface PostOptions {
  readonly method?: string;
  readonly agent?: Agent;
}

export interface PostAnswer {
  readonly status: number | undefined;
  readonly body: string;
}

/** Sends a body to a logger's socket, as the proxy does. */
export async function postEvents(
  socketPath: string,
  body: string,
  { method = 'POST', agent }: PostOptions = {},
): Promise<PostAnswer> {
  const sent = request({
    socketPath,
    method,
    path: '/events',
    headers: { 'content-type': ACCESS_EVENTS_MEDIA_TYPE, 'content-length': Buffer.byteLength(body) },
    ...(agent === undefined ? {} : { agent }),
  });
  sent.end(body);
  const [response]: IncomingMessage[] = await once(sent, 'response');
  if (response === undefined) throw new Error('expected a response');
  return { status: response.statusCode, body: await text(response) };
}

import { Agent, request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import type { NotificationEndpoint } from '@registry-cache/config';

/** Where envelopes go, and what goes with each. Its headers may hold secrets. */
export type EndpointTarget = Pick<NotificationEndpoint, 'url' | 'headers' | 'timeoutMs'>;

/** Speaks to one endpoint. */
export interface EndpointClient {
  /**
   * Resolves with the status of the answer, whatever it is. Redirects are not followed: headers and events are for the endpoint alone.
   *
   * @throws when the endpoint cannot be reached, or has not answered in time
   */
  post(target: EndpointTarget, body: string): Promise<number>;
  /** Breaks off what is on its way. */
  close(): void;
}

interface Scheme {
  readonly agent: Agent;
  readonly request: typeof requestHttp;
}

/** @param mediaType of the body */
export function createEndpointClient(mediaType: string): EndpointClient {
  const plain: Scheme = { agent: new Agent(), request: requestHttp };
  let secure: Promise<Scheme> | undefined;
  const closing = new AbortController();
  return {
    async post({ url: address, headers, timeoutMs }, body) {
      const url = new URL(address);
      const { agent, request } = url.protocol === 'https:' ? await (secure ??= loadHttps()) : plain;
      closing.signal.throwIfAborted();
      const answer = await send(request, url, body, {
        agent,
        method: 'POST',
        headers: {
          'user-agent': 'registry-cache',
          ...headers,
          'content-type': mediaType,
          'content-length': Buffer.byteLength(body),
        },
        signal: AbortSignal.timeout(timeoutMs),
      });
      // What was taken stays taken, whatever becomes of the answer's body.
      answer.on('error', () => {}).resume();
      return answer.statusCode ?? 0;
    },
    close() {
      closing.abort(new Error('endpoint is closed'));
      plain.agent.destroy();
      void secure?.then(({ agent }) => agent.destroy());
    },
  };
}

/** Not loaded where nobody needs it: an idle cache is to be small. */
async function loadHttps(): Promise<Scheme> {
  const https = await import('node:https');
  return { agent: new https.Agent(), request: https.request };
}

// Each envelope has a connection of its own: one that was kept may be closed by the endpoint in the moment in which it is used, and
// a POST that got no answer must be sent twice.
function send(
  request: typeof requestHttp,
  url: URL,
  body: string,
  options: RequestOptions,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, options)
      .on('response', resolve)
      .on('error', (err) => reject(failure(url, err)))
      .end(body);
  });
}

/** Without what an error of Node holds besides: parts of the answer, and addresses one by one. */
function failure(url: URL, err: Error & { readonly code?: unknown }): Error {
  return new Error(`post events to ${url.host}: ${err.message === '' ? String(err.code) : err.message}`);
}

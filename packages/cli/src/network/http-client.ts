import type { OutboundProxySettings } from '@registry-cache/config';
import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { version } from '../version.ts';
import { explainFaults } from './certificate-advice.ts';
import type { Deadline, Endpoint } from './endpoint.ts';
import { NetworkFailure, networkFailure } from './network-failure.ts';
import { findOutboundProxy, proxyAuthorization } from './outbound-proxy.ts';
import { reach } from './reach.ts';
import { startTls } from './tls-peer.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The beginning of the body. */
  readonly body: string;
  /** How far this machine's clock is ahead of the server's; undefined where the server gave no time. */
  readonly clockAheadMs: number | undefined;
}

export interface HttpClientOptions {
  readonly endpoint: Endpoint;
  readonly outboundProxy: OutboundProxySettings;
  readonly deadline: Deadline;
}

const MAX_BODY_BYTES = 256 * 1024;

/** One request over a connection of its own: no redirect is followed, a status is no error. @throws {NetworkFailure} */
export type Send = (request: HttpRequest) => Promise<HttpAnswer>;

/** Sends only where the server's certificate is trusted. */
export function createHttpClient({ endpoint, outboundProxy, deadline }: HttpClientOptions): Send {
  return async (httpRequest) => {
    const { url } = httpRequest;
    const proxy = findOutboundProxy(url, outboundProxy);
    const transport = await reach({ url, endpoint, proxy, deadline });
    const plainProxy = url.protocol === 'http:' ? proxy : undefined;
    const socket =
      url.protocol === 'https:' ? await secure(transport, url, { endpoint, deadline }) : transport;
    return exchange(socket, httpRequest, { endpoint, deadline, plainProxy });
  };
}

async function secure(
  transport: Socket,
  url: URL,
  { endpoint, deadline }: Pick<HttpClientOptions, 'endpoint' | 'deadline'>,
): Promise<Socket> {
  try {
    const { socket, chain, faults } = await startTls(transport, { url, cas: endpoint.cas, deadline });
    if (faults.length === 0) return socket;
    socket.destroy();
    const { message, advice } = explainFaults(faults, { chain, url, endpoint });
    throw new NetworkFailure('tls', message, { advice });
  } catch (err) {
    throw networkFailure(err, { stage: 'tls', url, endpoint, deadline });
  }
}

export interface ExchangeOptions {
  readonly endpoint: Endpoint;
  readonly deadline: Deadline;
  /** The connection ends at this proxy, which is asked for the whole URL. */
  readonly plainProxy: URL | undefined;
}

/** Sends one request over a connection, and destroys the connection. @throws {NetworkFailure} */
export async function exchange(
  socket: Socket,
  { method, url, headers = {}, body }: HttpRequest,
  { endpoint, deadline, plainProxy }: ExchangeOptions,
): Promise<HttpAnswer> {
  const { signal } = deadline;
  const target = `${url.pathname}${url.search}`;
  const req = request({
    createConnection: () => socket,
    method,
    path: plainProxy === undefined ? target : `${url.origin}${target}`,
    headers: {
      host: url.host,
      'user-agent': `registry-cache/${version()}`,
      ...(plainProxy === undefined ? {} : proxyAuthorization(plainProxy)),
      ...headers,
    },
    signal,
  });
  const sentAtMs = Date.now();
  try {
    req.on('error', () => {});
    req.end(body);
    const [res] = (await once(req, 'response', { signal })) as [IncomingMessage];
    const halfwayMs = (sentAtMs + Date.now()) / 2;
    return {
      status: res.statusCode ?? 0,
      headers: res.headers,
      body: await readBeginning(res),
      clockAheadMs: clockAhead(res.headers.date, halfwayMs),
    };
  } catch (err) {
    throw networkFailure(err, { stage: 'http', url, endpoint, deadline });
  } finally {
    socket.destroy();
  }
}

async function readBeginning(res: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let readBytes = 0;
  for await (const chunk of res as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    readBytes += chunk.byteLength;
    if (readBytes >= MAX_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString('utf8');
}

function clockAhead(date: string | undefined, localMs: number): number | undefined {
  const serverMs = Date.parse(date ?? '');
  // The header leaves out fractions of a second, which are half a one on average.
  return Number.isFinite(serverMs) ? localMs - (serverMs + 500) : undefined;
}

import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import type { OutboundProxySettings, UpstreamSettings } from '@registry-cache/config';
import type { buildConnector, Dispatcher } from 'undici';
import { withErrors } from './answer-body.ts';
import { createDestinationRule } from './destination-rule.ts';
import { describeUrl } from './describe-url.ts';
import { requireMinimumRate } from './minimum-rate.ts';
import { networkError } from './network-error.ts';
import { SLOWEST_BODY_BYTES, type UpstreamTimeouts } from './timeouts.ts';
import { trustBesides } from './trusted-certificates.ts';
import { Agent, createProxyAgent } from './undici-parts.ts';
import { UpstreamError } from './upstream-error.ts';
import { userAgent } from './user-agent.ts';

/** Connections to one upstream, and to wherever it sends us for tokens and blobs. */
export interface HttpClient {
  /** Sends one request: no redirect is followed, and a status is no error. Rejects with an `UpstreamError` or the signal's reason. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Breaks whatever is still in flight. */
  destroy(): Promise<void>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** Whether another origin's redirect has led there. */
  readonly isForeign?: boolean;
  /** Told of the head of the answer as it comes; what it returns is told how many bytes each piece of the body has. */
  readonly onHead?: (head: HttpHead) => ((bytes: number) => void) | undefined;
}

export type HttpHead = Pick<HttpAnswer, 'status' | 'headers'>;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Fails with an `UpstreamError` or the signal's reason; the caller reads, discards or destroys it. */
  readonly body: Readable;
}

export interface HttpClientOptions {
  readonly upstream: UpstreamSettings;
  readonly outboundProxy: OutboundProxySettings;
  readonly timeouts: UpstreamTimeouts;
  /** Resolves names; the system's resolver unless told. */
  readonly lookup?: LookupFunction;
}

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { upstream, outboundProxy, timeouts } = options;
  const destinations = createDestinationRule(upstream, options.lookup);
  const dispatcher = {
    tls: { timeout: timeouts.connectMs, secureContext: trustBesides(upstream.cas) },
    lookup: destinations.lookup,
    connections: upstream.maxConnections,
    noProxy: outboundProxy.noProxy,
  };
  // One dispatcher for each scheme: in a single one, undici would take the proxy of http for https as well.
  const plain = createDispatcher({ ...dispatcher, proxy: outboundProxy.httpProxy });
  const encrypted = createDispatcher({ ...dispatcher, proxy: outboundProxy.httpsProxy });
  const agentName = userAgent();

  const sendOnce = async (request: HttpRequest): Promise<HttpAnswer> => {
    const { method, url, headers, body, signal, onHead } = request;
    const toError = (error: unknown): Error =>
      signal.aborted ? signal.reason : networkError(error, url, upstream);
    try {
      const answer = await (url.protocol === 'https:' ? encrypted : plain).request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        // Bytes are stored and hashed as they come.
        headers: { ...headers, 'accept-encoding': 'identity', 'user-agent': agentName },
        body: body ?? null,
        signal,
        headersTimeout: timeouts.headersMs,
        bodyTimeout: timeouts.bodyIdleMs,
      });
      const head = { status: answer.statusCode, headers: answer.headers };
      const received = withErrors(answer.body, toError, onHead?.(head));
      requireMinimumRate(answer.body, {
        windowMs: timeouts.slowBodyMs,
        minBytes: SLOWEST_BODY_BYTES,
        error: () => trickles(url, timeouts.slowBodyMs),
      });
      return { ...head, body: received };
    } catch (error) {
      throw toError(error);
    }
  };

  return {
    async send(request) {
      destinations.check(request.url);
      try {
        return await sendOnce(request);
      } catch (error) {
        if (request.method === 'POST' || request.signal.aborted || !isClosedConnection(error)) throw error;
        return sendOnce(request);
      }
    },
    async destroy() {
      await Promise.all([plain.destroy(), encrypted.destroy()]);
    },
  };
}

interface DispatcherOptions {
  readonly tls: buildConnector.BuildOptions;
  readonly lookup: LookupFunction;
  /** To each origin. */
  readonly connections: number;
  readonly proxy: string | undefined;
  readonly noProxy: string | undefined;
}

function createDispatcher({ tls, lookup, connections, proxy, noProxy }: DispatcherOptions): Dispatcher {
  // Without `lookup` for a proxy: it is the operator's, wherever it is, and resolves the names of upstreams itself.
  const direct = { connect: { ...tls, lookup }, connections };
  if (proxy === undefined || proxy === '') return new Agent(direct);
  return createProxyAgent({
    ...direct,
    requestTls: tls,
    proxyTls: tls,
    // Proxies that forward http often refuse to tunnel it.
    proxyTunnel: false,
    httpProxy: proxy,
    // Empty rather than left out: undici would read the environment.
    httpsProxy: '',
    noProxy: noProxy ?? '',
  });
}

function trickles(url: URL, windowMs: number): UpstreamError {
  return new UpstreamError(
    'timeout',
    `${url.host} sent less than ${SLOWEST_BODY_BYTES} bytes of a body in ${windowMs / 1000} s (${describeUrl(url)})`,
  );
}

/** A peer may close an idle connection in the very moment when it is used again: a second attempt gets another one. */
function isClosedConnection(error: unknown): boolean {
  if (!(error instanceof Error) || !(error.cause instanceof Error) || !('code' in error.cause)) return false;
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(String(error.cause.code));
}

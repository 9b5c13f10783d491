import { findCacheOutcome, requestAttributes } from '@registry-cache/oci';
import { endWithAnswer, type Tracing } from '@registry-cache/runtime';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { UpstreamRoute } from './url-shape.ts';

// Thousands of spans wait for a collector that is away, and a client may write as much as a head holds into each.
const MAX_CLIENT_TEXT = 512;

/**
 * Answers within a span that continues the client's trace, and ends with the answer. What is not of the registry API, such as a
 * health check, has none.
 */
export function traceRequest(
  tracing: Tracing,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  answer: () => void,
): void {
  const [wholePath = ''] = (request.url ?? '').split('?', 1);
  const path = wholePath.slice(0, MAX_CLIENT_TEXT);
  if (!/(?:^|\/)v2(?:\/|$)/.test(path)) return answer();
  const { method = '', headers, httpVersion } = request;
  const span = tracing.startSpan(method, {
    kind: 'server',
    headers,
    attributes: {
      'http.request.method': method,
      'url.path': path,
      'url.scheme': 'encrypted' in request.socket ? 'https' : 'http',
      'server.address': headers.host?.slice(0, MAX_CLIENT_TEXT),
      'client.address': request.socket.remoteAddress,
      'network.protocol.version': httpVersion,
      'user_agent.original': headers['user-agent']?.slice(0, MAX_CLIENT_TEXT),
    },
  });
  endWithAnswer(span, response, 'client_left', () => ({
    'registry_cache.outcome': findCacheOutcome(String(response.getHeader('cache-status'))),
  }));
  span.run(answer);
}

/** Says in the active span what a pull is of, once that is known. */
export function describePull(
  tracing: Tracing,
  method: string,
  { upstream, request }: Pick<UpstreamRoute, 'upstream' | 'request'>,
): void {
  const span = tracing.active();
  const template = TEMPLATES[request.kind];
  span?.rename(`${method} ${template}`);
  span?.set({
    'http.route': template,
    'registry_cache.upstream': upstream.name,
    ...requestAttributes(request),
  });
}

/** By the specification's names. */
const TEMPLATES: Readonly<Record<UpstreamRoute['request']['kind'], string>> = {
  base: '/v2/',
  manifest: '/v2/{name}/manifests/{reference}',
  blob: '/v2/{name}/blobs/{digest}',
  tags: '/v2/{name}/tags/list',
  referrers: '/v2/{name}/referrers/{digest}',
};

import { findCacheOutcome, formatReference } from '@registry-cache/oci';
import type { SpanAttributes, Tracing } from '@registry-cache/runtime';
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
  response.once('close', () => {
    const { statusCode: status } = response;
    if (response.headersSent) {
      span.set({
        'http.response.status_code': status,
        'registry_cache.outcome': findCacheOutcome(String(response.getHeader('cache-status'))),
      });
    }
    if (!response.writableFinished) span.fail('client_left');
    else if (status >= 500) span.fail(String(status));
    span.end();
  });
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
  span?.set({ 'http.route': template, 'registry_cache.upstream': upstream.name, ...imageOf(request) });
}

/** By the specification's names. */
const TEMPLATES: Readonly<Record<UpstreamRoute['request']['kind'], string>> = {
  base: '/v2/',
  manifest: '/v2/{name}/manifests/{reference}',
  blob: '/v2/{name}/blobs/{digest}',
  tags: '/v2/{name}/tags/list',
  referrers: '/v2/{name}/referrers/{digest}',
};

function imageOf(request: UpstreamRoute['request']): SpanAttributes {
  if (request.kind === 'base') return {};
  const repository = { 'registry_cache.repository': request.name };
  switch (request.kind) {
    case 'manifest':
      return { ...repository, 'registry_cache.reference': formatReference(request.reference) };
    case 'blob':
    case 'referrers':
      return { ...repository, 'registry_cache.digest': request.digest };
    case 'tags':
      return repository;
  }
}

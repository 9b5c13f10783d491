import { formatReference, parseRegistryPath, RegistryError, type RegistryRequest } from '@registry-cache/oci';
import type { SpanAttributes, Tracing } from '@registry-cache/runtime';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Answers the proxy within a span of the trace that it names. Fills that begin meanwhile go on in it. */
export function traceAnswer<Answered>(
  tracing: Tracing,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  answer: () => Answered,
): Answered {
  const { method = '', headers } = request;
  const [path = ''] = (request.url ?? '').split('?', 1);
  const asked = findRequest(path);
  const span = tracing.startSpan(asked === undefined ? method : `${method} ${asked.kind}`, {
    kind: 'server',
    headers,
    attributes: {
      'http.request.method': method,
      'url.path': path,
      'network.transport': 'unix',
      ...(asked === undefined ? {} : imageOf(asked)),
    },
  });
  response.once('close', () => {
    const { statusCode: status } = response;
    if (response.headersSent) span.set({ 'http.response.status_code': status });
    if (!response.writableFinished) span.fail('cut_short');
    else if (status >= 500) span.fail(String(status));
    span.end();
  });
  return span.run(answer);
}

/** Undefined for what the worker is about to refuse. */
function findRequest(path: string): RegistryRequest | undefined {
  try {
    return parseRegistryPath(path);
  } catch (err) {
    if (err instanceof RegistryError) return undefined;
    throw err;
  }
}

function imageOf(request: RegistryRequest): SpanAttributes {
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

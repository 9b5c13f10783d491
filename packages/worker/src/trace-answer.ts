import {
  parseRegistryPath,
  RegistryError,
  requestAttributes,
  type RegistryRequest,
} from '@registry-cache/oci';
import { endWithAnswer, type Tracing } from '@registry-cache/runtime';
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
      ...(asked === undefined ? {} : requestAttributes(asked)),
    },
  });
  endWithAnswer(span, response, 'cut_short');
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

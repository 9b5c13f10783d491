import type { Tracing } from '@registry-cache/runtime';
import { describeUrl } from './describe-url.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from './http-client.ts';
import { UpstreamError } from './upstream-error.ts';

/**
 * A client with a span for each request, from its beginning to the end of the answer's body.
 *
 * The registry and the server of its tokens are told the trace by `traceparent`. Where they redirect to, such as the storage behind
 * a CDN, is a third party that takes no part in it, and may refuse a header that was not signed. `tracestate` is told nobody: what
 * vendors put there is not for the world.
 */
export function traceHttp(client: HttpClient, upstream: string, tracing: Tracing): HttpClient {
  return {
    ...client,
    async send(request) {
      const { method, url, isForeign = false } = request;
      const span = tracing.startSpan(method, {
        kind: 'client',
        attributes: {
          'http.request.method': method,
          // Without its query, which may be a signature.
          'url.full': describeUrl(url),
          'server.address': url.hostname,
          'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
          'registry_cache.upstream': upstream,
        },
      });
      try {
        const { traceparent } = span.headers();
        const told: HttpRequest =
          isForeign || traceparent === undefined
            ? request
            : { ...request, headers: { ...request.headers, traceparent } };
        const answer = await span.run(() => client.send(told));
        endWithBody(answer, span);
        return answer;
      } catch (error) {
        span.fail(typeOf(error));
        span.end();
        throw error;
      }
    },
  };
}

function endWithBody({ status, body }: HttpAnswer, span: ReturnType<Tracing['startSpan']>): void {
  span.set({ 'http.response.status_code': status });
  if (status >= 400) span.fail(String(status));
  body.once('error', (error) => span.fail(typeOf(error)));
  body.once('close', () => span.end());
}

function typeOf(error: unknown): string {
  if (error instanceof UpstreamError) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}

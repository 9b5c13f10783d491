import type { ServerResponse } from 'node:http';
import type { Span, SpanAttributes } from './tracing.ts';

/**
 * Ends a span when an answer is out, or its connection is gone.
 *
 * @param ifCutShort the type of its failure where the answer has not gone out whole
 * @param attributes of an answer whose head was sent, besides its status
 */
export function endWithAnswer(
  span: Span,
  response: ServerResponse,
  ifCutShort: string,
  attributes: () => SpanAttributes = () => ({}),
): void {
  response.once('close', () => {
    const { statusCode: status } = response;
    if (response.headersSent) span.set({ 'http.response.status_code': status, ...attributes() });
    if (!response.writableFinished) span.fail(ifCutShort);
    else if (status >= 500) span.fail(String(status));
    span.end();
  });
}

import type { Span, SpanOptions, Tracing } from '@registry-cache/runtime';
import { expect, test } from 'vitest';
import { fetchAnswer } from './support/client.ts';
import { startTestProxy } from './support/proxy.ts';

const SILENT: Span = {
  run: (work) => work(),
  rename() {},
  set() {},
  link() {},
  fail() {},
  headers: () => ({}),
  end() {},
};

function recordingTracing(): { readonly tracing: Tracing; readonly begun: SpanOptions[] } {
  const begun: SpanOptions[] = [];
  const tracing: Tracing = {
    startSpan(_name, options) {
      begun.push(options);
      return SILENT;
    },
    active: () => undefined,
    flush: async () => {},
    close: async () => {},
  };
  return { tracing, begun };
}

test('of what a client writes into its request, a span keeps so much that thousands of them can wait', async () => {
  const { tracing, begun } = recordingTracing();
  const { port } = await startTestProxy({}, { tracing });
  const long = 'x'.repeat(5000);
  await fetchAnswer(port, `/v2/${long}`, { headers: { 'user-agent': long, host: long } });
  const [span] = begun;
  expect(span).toBeDefined();
  const lengths = Object.values(span?.attributes ?? {}).map((value) => String(value).length);
  expect(Math.max(...lengths)).toBe(512);
});

import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Logger } from '../log.ts';

const MAX_REASON_LENGTH = 200;

/**
 * An exporter that says once that the collector does not take what it is sent, and once that it does again. The SDK would log
 * each batch that is lost, for as long as the collector is away.
 */
export function withOutages(exporter: SpanExporter, log: Logger): SpanExporter {
  let lostSpans = 0;
  const note = (spans: number, { code, error }: ExportResult): void => {
    if (code !== ExportResultCode.SUCCESS) {
      if (lostSpans === 0)
        log.warn({ reason: reasonOf(error) }, 'collector does not take traces, they are lost');
      lostSpans += spans;
    } else if (lostSpans > 0) {
      log.info({ lostSpans }, 'collector takes traces again');
      lostSpans = 0;
    }
  };
  return {
    export(spans: ReadableSpan[], onResult) {
      exporter.export(spans, (result) => {
        note(spans.length, result);
        // All has been said that there is to say.
        onResult({ code: ExportResultCode.SUCCESS });
      });
    },
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  };
}

/** An error's own message may be empty, and a collector's answer as long as it likes. */
function reasonOf(error: Error | undefined): string {
  const code = error !== undefined && 'code' in error ? String(error.code) : undefined;
  const message = error?.message || code || 'no reason was given';
  return message.slice(0, MAX_REASON_LENGTH);
}

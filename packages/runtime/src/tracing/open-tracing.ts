import type { Logger } from '../log.ts';
import type { Tracing } from './tracing.ts';

export interface TracingOptions {
  /** Variables `OTEL_*`. @see OpenTelemetry, "Environment variable specification" */
  readonly variables: Readonly<Record<string, string>>;
  /** What this process is called in traces, such as `{ process: 'worker', upstream: 'quay.io' }`. */
  readonly fields: Readonly<Record<string, string>>;
  readonly log: Logger;
}

/**
 * Loads the SDK, which takes memory and time, only where somebody wants traces. What is wrong with it stops nothing: a cache
 * without traces is better than none.
 *
 * The caller closes it.
 */
export async function openTracing({
  variables,
  ...options
}: Omit<TracingOptions, 'variables'> & {
  readonly variables: TracingOptions['variables'] | undefined;
}): Promise<Tracing | undefined> {
  if (variables === undefined) return undefined;
  try {
    const { createTracing } = await import('./open-telemetry.ts');
    return createTracing({ ...options, variables });
  } catch (err) {
    options.log.warn({ err }, 'traces cannot be made, going on without them');
    return undefined;
  }
}

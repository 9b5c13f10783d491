import type { Tracing } from '@registry-cache/runtime';
import { UpstreamError } from '../upstream/upstream-error.ts';
import type { Fill } from './fill.ts';
import type { RepositoryBlob } from './fills.ts';

/** A fill with a span of its own, which ends with it: long after whoever was first to ask may have left. */
interface TracedFill {
  readonly started: Promise<Fill>;
  /** Says in the active span that it waits for this fill, which is in the trace of whoever began it. */
  readonly joined: () => void;
}

export function traceFill(
  tracing: Tracing,
  { repository, digest }: Pick<RepositoryBlob, 'repository' | 'digest'>,
  begin: () => Promise<Fill>,
): TracedFill {
  const span = tracing.startSpan('fill', {
    kind: 'internal',
    attributes: {
      'registry_cache.upstream': repository.upstream,
      'registry_cache.repository': repository.name,
      'registry_cache.digest': digest,
    },
  });
  const started = span.run(begin);
  const follow = async (): Promise<void> => {
    try {
      const fill = await started;
      span.set({ 'registry_cache.size_bytes': fill.sizeBytes });
      await fill.finished;
      if (Number.isFinite(fill.receivedBytes)) {
        span.set({ 'registry_cache.received_bytes': fill.receivedBytes });
      }
    } catch (err) {
      span.fail(typeOf(err));
    } finally {
      span.end();
    }
  };
  void follow();
  return { started, joined: () => tracing.active()?.link(span) };
}

function typeOf(err: unknown): string {
  if (err instanceof UpstreamError) return err.code;
  return err instanceof Error ? err.name : 'unknown';
}

import type { Digest } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import { DigestMismatchError, type Repository } from '@registry-cache/store';
import { StorageError } from '../storage-error.ts';
import type { UpstreamRegistry } from '../upstream/upstream-registry.ts';
import { DesertedError } from './deserted-error.ts';
import type { Fill } from './fill.ts';

/** A fill that has ended by itself; one that was aborted with the process goes on in the next. */
export interface EndedFill {
  readonly repository: Repository;
  readonly digest: Digest;
  /**
   * - `stored`;
   * - `unstored`: our disk did not take it, and its readers had it from the upstream;
   * - `failed`: the upstream did not send it, or not what its digest says;
   * - `deserted`: its last reader had left early.
   */
  readonly end: 'stored' | 'unstored' | 'failed' | 'deserted';
  /** What has come of it, with what an earlier fill had left. */
  readonly bytes: number;
  /** From the head of the upstream's answer on. */
  readonly durationMs: number;
  /** Why it failed. */
  readonly reason?: string;
}

export interface ReportOptions {
  readonly upstream: UpstreamRegistry;
  readonly repository: Repository;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly resumedFrom: number;
  readonly onStorageError: (error: StorageError) => void;
  readonly onFillEnd: (fill: EndedFill) => void;
}

/** Logs how a fill ends, and tells those who want to know. */
export function reportEnd(fill: Fill, options: ReportOptions): void {
  const { upstream, repository, log, signal, resumedFrom, onStorageError, onFillEnd } = options;
  const { digest } = fill;
  const startedAt = performance.now();
  const tell = (end: EndedFill['end'], more: Pick<EndedFill, 'reason'> = {}): void => {
    const durationMs = performance.now() - startedAt;
    onFillEnd({ repository, digest, end, bytes: fill.receivedBytes, durationMs, ...more });
  };
  fill.finished.then(
    () => {
      const durationMs = Math.round(performance.now() - startedAt);
      log.info(
        { bytes: fill.receivedBytes, ...(resumedFrom > 0 ? { resumedFrom } : {}), durationMs },
        'blob filled',
      );
      tell('stored');
    },
    (err: unknown) => {
      const { receivedBytes: bytes } = fill;
      if (err instanceof DigestMismatchError) upstream.rejectBlob?.(digest);
      if (err instanceof StorageError) {
        onStorageError(err);
        tell('unstored');
      } else if (signal.reason instanceof DesertedError) {
        log.info({ bytes }, 'fill given up, no client waits for it');
        tell('deserted');
      } else if (!signal.aborted) {
        log.warn({ err, bytes }, 'fill failed');
        tell('failed', { reason: err instanceof Error ? err.message : String(err) });
      }
    },
  );
}

import type { Digest } from '@registry-cache/oci';

/** One request of a client for a manifest or a blob, as an access event tells of it. */
export interface Pull {
  readonly kind: 'manifest' | 'blob';
  readonly digest: Digest;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly accessedAtMs: number;
  readonly method: string | undefined;
  readonly client: string | undefined;
  readonly user: string | undefined;
  readonly userAgent: string | undefined;
  readonly requestId: string | undefined;
  /** What only this cache's own proxy tells. */
  readonly answer: PullAnswer | undefined;
}

interface PullAnswer {
  readonly outcome: string;
  readonly status: number;
  readonly bytesSent: number;
  readonly durationMs: number;
  /** Until the upstream had begun to answer; missing where it was not asked. */
  readonly upstreamMs?: number | undefined;
  readonly aborted: boolean;
  /** How many requests of one connection this tells of, where it is more than one. */
  readonly times?: number | undefined;
}

/** Whether the client was refused: nothing was read. */
export function isRefused({ answer }: Pull): boolean {
  return answer !== undefined && answer.status >= 400;
}

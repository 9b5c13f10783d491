import { OCI_MANIFEST, type Digest } from '@registry-cache/oci';
import type { AccessEvent } from '@registry-cache/store';

export interface EventDetails {
  readonly digest: Digest;
  readonly atMs?: number;
  readonly mediaType?: string;
  readonly tag?: string;
  readonly method?: 'GET' | 'HEAD';
  readonly cache?: Partial<NonNullable<AccessEvent['cache']>>;
}

/** What the proxy sends when a client pulled a manifest, unless told otherwise. */
export function accessEvent(details: EventDetails): AccessEvent {
  const { digest, atMs = Date.now(), mediaType = OCI_MANIFEST, tag, method = 'GET', cache } = details;
  return {
    id: 'event-1',
    timestamp: new Date(atMs).toISOString(),
    action: 'pull',
    target: {
      mediaType,
      size: 1_000,
      digest,
      repository: 'quay.io/org/image',
      ...(tag === undefined ? {} : { tag }),
    },
    request: {
      id: 'request-1',
      addr: '192.0.2.1:1234',
      host: 'cachehost:8443',
      method,
      useragent: 'cri-o/1.30',
    },
    actor: { name: 'node-7' },
    source: { addr: 'cachehost:8443' },
    cache: { outcome: 'hit', status: 200, bytesSent: 1_000, durationMs: 3, aborted: false, ...cache },
  };
}

import { OCI_MANIFEST, type Digest } from '@registry-cache/oci';
import type { AccessEvent } from '@registry-cache/store';
import { parseEnvelope } from '../../src/parse-envelope.ts';
import { parsePulls } from '../../src/parse-pulls.ts';
import type { Pull } from '../../src/pull.ts';

export interface EventDetails {
  readonly digest: Digest;
  readonly atMs?: number;
  readonly mediaType?: string;
  readonly tag?: string;
  readonly method?: 'GET' | 'HEAD';
  readonly user?: string;
  readonly client?: string;
  readonly userAgent?: string;
  readonly cache?: Partial<NonNullable<AccessEvent['cache']>>;
}

/** What the proxy sends when a client pulled a manifest, unless told otherwise. */
export function accessEvent(details: EventDetails): AccessEvent {
  const { digest, atMs = Date.now(), mediaType = OCI_MANIFEST, tag, method = 'GET', cache } = details;
  const { user = 'node-7', client = '192.0.2.1:1234', userAgent = 'cri-o/1.30' } = details;
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
      addr: client,
      host: 'cachehost:8443',
      method,
      useragent: userAgent,
    },
    actor: { name: user },
    source: { addr: 'cachehost:8443' },
    cache: { outcome: 'hit', status: 200, bytesSent: 1_000, durationMs: 3, aborted: false, ...cache },
  };
}

/** What the logger makes of such an event. */
export function pullOf(details: EventDetails): Pull {
  const [pull] = parsePulls(parseEnvelope(envelopeOf(accessEvent(details))), Date.now());
  if (pull === undefined) throw new Error('expected a pull');
  return pull;
}

export function envelopeOf(...events: readonly unknown[]): string {
  return JSON.stringify({ events });
}

import type { Digest } from '@registry-cache/oci';

/**
 * One pull, in the envelope of distribution's notifications, so that a plain registry can notify our logger too. What the
 * envelope has no place for is under `cache`, which distribution does not send.
 *
 * @see distribution, "Notifications"; media type `application/vnd.docker.distribution.events.v2+json`
 */
export interface AccessEvent {
  readonly id: string;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly action: 'pull';
  readonly target: {
    readonly mediaType: string;
    /** Bytes of the whole blob or manifest. */
    readonly size: number;
    readonly digest: Digest;
    /** With the upstream: `quay.io/org/image`. */
    readonly repository: string;
    readonly tag?: string;
  };
  readonly request: {
    readonly id: string;
    readonly addr: string;
    readonly host: string;
    readonly method: 'GET' | 'HEAD';
    readonly useragent: string;
  };
  readonly actor: { readonly name?: string };
  readonly source: { readonly addr: string };
  readonly cache?: {
    readonly outcome: string;
    readonly status: number;
    /** Body bytes handed to the client's socket. */
    readonly bytesSent: number;
    readonly durationMs: number;
    /** Until the upstream had begun to answer, with what the disk took meanwhile; missing where it was not asked for this. */
    readonly upstreamMs?: number;
    /** The client left, or the body ended short. */
    readonly aborted: boolean;
    /** How many requests of one connection this tells of, all within a second, where it is more than one. */
    readonly times?: number;
  };
}

export interface AccessEventEnvelope {
  readonly events: readonly AccessEvent[];
}

export const ACCESS_EVENTS_MEDIA_TYPE = 'application/vnd.docker.distribution.events.v2+json';

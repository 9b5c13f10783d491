import type { Digest } from '@registry-cache/oci';
import type { AccessEvent } from './access-event.ts';

/** What an endpoint of notifications can be told of. */
export type CacheEvent = AccessEvent | EvictEvent | FillFailedEvent;

/** A blob that the cleaner has removed. In distribution's envelope, with an action that distribution does not have. */
export interface EvictEvent {
  readonly id: string;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly action: 'evict';
  readonly target: {
    readonly mediaType: 'application/octet-stream';
    readonly size: number;
    readonly digest: Digest;
  };
  readonly actor: Readonly<Record<string, never>>;
  /** The machine's name. */
  readonly source: { readonly addr: string };
  /** `space`: it was the least recently used. `age`: it was older than blobs may become. */
  readonly cache: { readonly why: 'space' | 'age' };
}

/** A blob that could not be fetched from its upstream; whoever asked for it has got an error, or a body that ended short. */
export interface FillFailedEvent {
  readonly id: string;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly action: 'fill-failed';
  readonly target: {
    readonly mediaType: 'application/octet-stream';
    readonly digest: Digest;
    /** With the upstream: `quay.io/org/image`. */
    readonly repository: string;
  };
  readonly actor: Readonly<Record<string, never>>;
  /** The machine's name. */
  readonly source: { readonly addr: string };
  readonly cache: { readonly reason: string };
}

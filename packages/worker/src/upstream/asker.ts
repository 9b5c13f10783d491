import type { Credential } from '@registry-cache/config';

/** A client in whose name the upstream is asked: with its credential, and with none of the cache's. */
export interface Asker {
  /** Tells clients apart, and gives no credential away. */
  readonly id: string;
  readonly credential: Credential;
  /** Of the signed URL that the client was given for a blob; without its question mark. */
  readonly blobQuery?: string;
  /** The caches that the request has come through, this one being the last. @see RFC 9110, "Via" */
  readonly via: string;
}

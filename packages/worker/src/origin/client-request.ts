/** What a client sent to say who it is. */
export interface ClientRequest {
  /** `Basic …`, or `Bearer …` with a token of the upstream; undefined for a client that is anonymous. */
  readonly authorization: string | undefined;
  /** The caches that the request has come through. */
  readonly via: string | undefined;
  /** For the log: user name and address, as far as they are known. */
  readonly user: string | undefined;
  readonly address: string | undefined;
}

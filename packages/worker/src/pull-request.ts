import type { RegistryRequest } from '@registry-cache/oci';

/** A request as the proxy passes it on. */
export interface PullRequest {
  readonly method: 'GET' | 'HEAD';
  readonly target: RegistryRequest;
  /** Without its question mark. */
  readonly query: string;
  /** Whether the proxy can send a file of the store itself. */
  readonly accel: boolean;
  /** Whether the proxy could not read the stored blob: it wants no answer, but that the blob is verified. */
  readonly suspect: boolean;
  /** Whether a fill should be no faster than its reader, as long as nobody reads it who did not ask for that: see `Pace`. */
  readonly paced: boolean;
  /** Who asks. Means something only where the upstream authorizes the clients. */
  readonly client: ClientRequest;
}

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

import type { Readable } from 'node:stream';
import type { Digest, Reference, RepositoryName } from '@registry-cache/oci';

/** Client of one upstream registry. Every method may reject with an `UpstreamError`, and with the signal's reason. */
export interface UpstreamRegistry {
  /** Undefined where the upstream says 404. The body is complete, at most `MAX_MANIFEST_BYTES`, and not yet verified. */
  manifestGet(
    name: RepositoryName,
    reference: Reference,
    options: RequestOptions,
  ): Promise<UpstreamManifest | undefined>;

  /** Undefined where the upstream says 404. `digest` is missing where the upstream names none: GET the manifest instead. */
  manifestHead(
    name: RepositoryName,
    reference: Reference,
    options: RequestOptions,
  ): Promise<UpstreamHead | undefined>;

  /**
   * Proof that the repository holds the blob; undefined where the upstream says 404. An upstream that refuses HEAD is asked
   * by a GET whose body is not read.
   */
  blobHead(name: RepositoryName, digest: Digest, options: RequestOptions): Promise<UpstreamHead | undefined>;

  /** Undefined where the upstream says 404. The caller reads `body` to its end or destroys it. */
  blobGet(name: RepositoryName, digest: Digest, options: BlobGetOptions): Promise<UpstreamBlob | undefined>;

  /**
   * A list that is passed on and not stored: `tags/list` or `referrers/<digest>`, with the client's own query.
   * `link` is the upstream's `Link` as it came.
   */
  list(
    name: RepositoryName,
    endpoint: string,
    query: string,
    options: RequestOptions,
  ): Promise<UpstreamList | undefined>;

  /** Asks the registry itself, without a repository, whether it accepts the credential: rejects with `denied` where it does not. */
  login(options: RequestOptions): Promise<void>;

  /**
   * Tells that a blob which came from here turned out not to be what its digest says. Only for where several places may send
   * the same blob.
   */
  rejectBlob?(digest: Digest): void;

  close(): Promise<void>;
}

/** An upstream registry that is asked in a client's name. */
export interface ClientRegistry extends UpstreamRegistry {
  /** The next question is asked with a token that is made for it: older ones may say what is no longer true. */
  forgetTokens(): void;
}

export interface RequestOptions {
  readonly signal: AbortSignal;
}

export interface BlobGetOptions extends RequestOptions {
  /** Asks for a part of the blob: one range, since many upstreams answer several with an error. */
  readonly range?: BlobRange;
}

export interface BlobRange {
  /** First byte. */
  readonly start: number;
  /** Behind the last byte; left out for the blob's end. */
  readonly end?: number;
  /** Of the answer that the bytes before `start` came with: another body is sent from its beginning then. */
  readonly etag?: string;
}

export interface UpstreamManifest {
  readonly bytes: Uint8Array;
  /** `Docker-Content-Digest`, where the upstream sent one. */
  readonly digest?: Digest;
}

export interface UpstreamHead {
  readonly digest?: Digest;
  readonly sizeBytes?: number;
}

export interface UpstreamBlob {
  readonly body: Readable;
  /** Where in the blob the body begins: 0 where an upstream does not do ranges, whatever was asked for. */
  readonly start: number;
  /** Of the whole blob. Missing where the upstream sends the body in chunks. */
  readonly sizeBytes?: number;
  /** A strong validator of the body, where the upstream sent one. */
  readonly etag?: string;
}

export interface UpstreamList {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly link?: string;
  /** `OCI-Filters-Applied`, which clients of the referrers API need. */
  readonly filtersApplied?: string;
}

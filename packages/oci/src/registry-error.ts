export type RegistryErrorCode =
  | 'BLOB_UNKNOWN'
  | 'DENIED'
  | 'DIGEST_INVALID'
  | 'LOOP_DETECTED'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'RANGE_INVALID'
  | 'TAG_INVALID'
  | 'TOOMANYREQUESTS'
  | 'UNAUTHORIZED'
  | 'UNAVAILABLE'
  | 'UNKNOWN'
  | 'UNSUPPORTED'
  | 'UPSTREAM_INVALID'
  | 'UPSTREAM_TIMEOUT';

/**
 * The error codes a client of this cache can meet, with the status each is sent with.
 *
 * @see OCI distribution-spec, "Error Codes"; UNAVAILABLE and UPSTREAM_TIMEOUT follow distribution's `errcode` package
 */
const ERRORS: Record<RegistryErrorCode, { status: number; message: string }> = {
  BLOB_UNKNOWN: { status: 404, message: 'blob unknown to registry' },
  DENIED: { status: 403, message: 'requested access to the resource is denied' },
  DIGEST_INVALID: { status: 400, message: 'provided digest did not match uploaded content' },
  // A cache that is its own upstream, by whatever detour.
  LOOP_DETECTED: { status: 508, message: 'the request has come back to the cache that it came from' },
  MANIFEST_INVALID: { status: 502, message: 'manifest invalid' },
  MANIFEST_UNKNOWN: { status: 404, message: 'manifest unknown' },
  NAME_INVALID: { status: 400, message: 'invalid repository name' },
  NAME_UNKNOWN: { status: 404, message: 'repository name not known to registry' },
  RANGE_INVALID: { status: 416, message: 'requested range not satisfiable' },
  // No manifest can be there, and the specification has no other answer for that.
  TAG_INVALID: { status: 404, message: 'manifest tag did not match URI' },
  TOOMANYREQUESTS: { status: 429, message: 'too many requests' },
  UNAUTHORIZED: { status: 401, message: 'authentication required' },
  UNAVAILABLE: { status: 503, message: 'service unavailable' },
  UNKNOWN: { status: 500, message: 'unknown error' },
  UNSUPPORTED: { status: 405, message: 'the operation is unsupported' },
  UPSTREAM_INVALID: { status: 502, message: 'the upstream registry sent an invalid answer' },
  UPSTREAM_TIMEOUT: { status: 504, message: 'the upstream registry did not answer in time' },
};

export interface RegistryErrorOptions {
  readonly cause?: unknown;
  /** Sent to the client as the error's `detail`; never holds a secret. */
  readonly detail?: unknown;
  /** Sent as `Retry-After`, in whole seconds. */
  readonly retryAfterSeconds?: number;
}

/** A failure that has an answer in the registry protocol. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly code: RegistryErrorCode;
  readonly detail: unknown;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: RegistryErrorCode, message?: string, options: RegistryErrorOptions = {}) {
    super(message ?? ERRORS[code].message, { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}

/** What is sent over the wire: status, headers and body of an error answer. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** @see OCI distribution-spec, "Error Codes": `{"errors":[{code,message,detail}]}` */
export function errorAnswer(error: RegistryError): ErrorAnswer {
  const { code, message, detail, retryAfterSeconds } = error;
  const body = JSON.stringify({ errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] });
  return {
    status: error.status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
    body,
  };
}
